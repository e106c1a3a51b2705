/**
 * What the environment says about the hub, read as Python's huggingface_hub reads it: docs/hub.md has the list.
 * One rule is our own: an empty variable counts as unset, where Python would put the cache into the working folder.
 */
import { readError, readTextFile } from "../../files/node/index.ts";
import { VaekitError } from "../../errors.ts";
import { checkToken } from "../token.ts";
import { expandPath, homeOf, joinPath, parseInteger, strip } from "./python-text.ts";
import type { Variables } from "./python-text.ts";
import { quote } from "../../util/printable.ts";

/** The environment's part of the settings. */
export interface HubEnvironment {
  /** Folder of the cache. */
  readonly cacheDir: string;
  /** File of the token that `hf auth login` writes. */
  readonly tokenPath: string;
  readonly endpoint?: string;
  /** Use the cache alone. */
  readonly isOffline: boolean;
  /** Send no token that was not passed as an option. */
  readonly isImplicitTokenDisabled: boolean;
  /** HF_HUB_ETAG_TIMEOUT. */
  readonly headTimeoutMs?: number;
  /** HF_HUB_DOWNLOAD_TIMEOUT. */
  readonly idleTimeoutMs?: number;
}

/**
 * Reads the variables.
 * @throws {VaekitError} `HUB` if a timeout is not a number of seconds
 */
export function readEnvironment(variables: Variables): HubEnvironment {
  const path = (text: string): string => expandPath(text, variables);
  const value = (name: string): string | undefined => valueOf(variables, name);
  const userCache = value("XDG_CACHE_HOME") ?? joinPath(homeOf(variables), ".cache");
  const home = path(value("HF_HOME") ?? joinPath(userCache, "huggingface"));
  return {
    cacheDir: path(value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE") ?? joinPath(home, "hub")),
    tokenPath: path(value("HF_TOKEN_PATH") ?? joinPath(home, "token")),
    endpoint: value("HF_ENDPOINT"),
    isOffline: isTrue(value("HF_HUB_OFFLINE") ?? value("TRANSFORMERS_OFFLINE")),
    isImplicitTokenDisabled: isTrue(value("HF_HUB_DISABLE_IMPLICIT_TOKEN")),
    headTimeoutMs: secondsOf(variables, "HF_HUB_ETAG_TIMEOUT"),
    idleTimeoutMs: secondsOf(variables, "HF_HUB_DOWNLOAD_TIMEOUT"),
  };
}

function valueOf(variables: Variables, name: string): string | undefined {
  const value = variables[name];
  return value === "" ? undefined : value;
}

function isTrue(value: string | undefined): boolean {
  return ["1", "ON", "YES", "TRUE"].includes(value?.toUpperCase() ?? "");
}

function secondsOf(variables: Variables, name: string): number | undefined {
  const text = valueOf(variables, name);
  if (text === undefined) return undefined;
  const seconds = parseInteger(text);
  if (seconds === undefined || seconds < 0) {
    throw new VaekitError("HUB", `${name}: expected whole seconds, found ${quote(text)}.`);
  }
  return seconds === 0 ? undefined : seconds * 1000;
}

/**
 * The token that nobody passed: of HF_TOKEN or its older name, else of the file.
 * @param onWarning told of a token file that cannot be read
 */
export async function findToken(
  variables: Variables,
  environment: HubEnvironment,
  onWarning?: (message: string) => void,
): Promise<string | undefined> {
  if (environment.isImplicitTokenDisabled) return undefined;
  const fromVariable = valueOf(variables, "HF_TOKEN") ?? valueOf(variables, "HUGGING_FACE_HUB_TOKEN");
  return cleanToken(fromVariable ?? "") ?? (await readTokenFile(environment.tokenPath, onWarning));
}

/**
 * A token without line breaks and surrounding blanks; undefined if nothing is left.
 * @throws {VaekitError} `HUB` if a header cannot carry it; the message does not repeat it
 */
export function cleanToken(text: string): string | undefined {
  const token = strip(text.replace(/[\r\n]/g, ""));
  return checkToken(token, "Copy it again into HF_TOKEN, or log in with `hf auth login`.");
}

/** Far above any token. */
const maxTokenBytes = 2 ** 16;

async function readTokenFile(
  path: string,
  onWarning: ((message: string) => void) | undefined,
): Promise<string | undefined> {
  const text = await readTextFile(path, { expected: "a token", maxBytes: maxTokenBytes }).catch(
    (error: unknown) => {
      const refusal = readError(path, error);
      // Not logged in: public models need no token.
      if (refusal.code === "NOT_FOUND") return undefined;
      const reason = refusal.message.replace(`${path}: `, "");
      onWarning?.(`${path}: the token cannot be read: ${reason} Going on without it.`);
      return undefined;
    },
  );
  return text === undefined ? undefined : cleanToken(text);
}
