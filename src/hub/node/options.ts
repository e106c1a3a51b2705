/** Options of the hub, and how they and the environment become settings. */
import { VaekitError } from "../../errors.ts";
import type { FileProgress } from "../../files/index.ts";
import { cleanToken, findToken, readEnvironment } from "./environment.ts";
import type { HubEnvironment } from "./environment.ts";
import type { Variables } from "./python-text.ts";

/** What to fetch, from where, and how patiently. */
export interface HubOptions {
  /** Folder inside the repository; without it the root, or `vae` when only that has a config.json. */
  readonly subfolder?: string;
  /** Weights' variant, such as `fp16` in `diffusion_pytorch_model.fp16.safetensors`. */
  readonly variant?: string;
  /** Branch, tag or commit; default `main`. */
  readonly revision?: string;
  /** Use the cache alone; so does `HF_HUB_OFFLINE`. */
  readonly localFilesOnly?: boolean;
  /** Default: `HF_HUB_CACHE`, else `HF_HOME/hub`, else `~/.cache/huggingface/hub`. */
  readonly cacheDir?: string;
  /** Access token, or `false` for none; default `HF_TOKEN`, else the file that `hf auth login` writes. */
  readonly token?: string | false;
  /** The hub's address; default `HF_ENDPOINT`, else https://huggingface.co. */
  readonly endpoint?: string;
  /** Told while files are downloaded. */
  readonly onProgress?: (event: FileProgress) => void;
  /** Told when the hub is out of reach and the cached copy is used instead. */
  readonly onWarning?: (message: string) => void;
  /** Ends the call with ABORTED; what was downloaded is kept for the next one. */
  readonly signal?: AbortSignal;
  /** Longest wait for the head of an answer; default `HF_HUB_ETAG_TIMEOUT`, else 15 000. */
  readonly timeoutMs?: number;
  /** Longest wait for the next byte of a body; default `HF_HUB_DOWNLOAD_TIMEOUT`, else 30 000. */
  readonly idleTimeoutMs?: number;
}

/** Where a model lies in the cache. */
export interface HubResolution {
  /** Holds config.json and the weights. */
  readonly folder: string;
  /** The commit that the revision stood for. */
  readonly commit: string;
}

/** Options with every default filled in. */
export interface HubSettings extends HubOptions {
  readonly id: string;
  /** Where proxies are named. */
  readonly variables: Variables;
  readonly token?: string;
  readonly revision: string;
  readonly localFilesOnly: boolean;
  readonly cacheDir: string;
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
}

/**
 * Fills in defaults from the environment.
 * @throws {VaekitError} `HUB` if the environment or an option cannot be meant
 */
export async function readSettings(
  id: string,
  options: HubOptions,
  variables: Variables = process.env,
): Promise<HubSettings> {
  const environment = readEnvironment(variables);
  return {
    ...options,
    id,
    variables,
    revision: options.revision ?? "main",
    // As in Python, nothing overrules a variable that switches the network off.
    localFilesOnly: options.localFilesOnly === true || environment.isOffline,
    cacheDir: options.cacheDir ?? environment.cacheDir,
    token: await chooseToken(options, variables, environment),
    endpoint: checkEndpoint(options.endpoint ?? environment.endpoint ?? "https://huggingface.co"),
    timeoutMs: checkDuration("timeoutMs", options.timeoutMs ?? environment.headTimeoutMs ?? 15_000),
    idleTimeoutMs: checkDuration(
      "idleTimeoutMs",
      options.idleTimeoutMs ?? environment.idleTimeoutMs ?? 30_000,
    ),
  };
}

async function chooseToken(
  { token, onWarning }: HubOptions,
  variables: Variables,
  environment: HubEnvironment,
): Promise<string | undefined> {
  if (token === false) return undefined;
  return token === undefined ? findToken(variables, environment, onWarning) : cleanToken(token);
}

/** Timers end at once when they are set to more. */
const longestTimerMs = 2 ** 31 - 1;

function checkDuration(name: string, durationMs: number): number {
  if (durationMs > 0) return Math.min(durationMs, longestTimerMs);
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `${name}: expected a positive number of milliseconds, found ${durationMs}.`,
  );
}

function checkEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  const isBare = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  // The text itself may hold a password, so the message leaves it out.
  if (url === undefined || !isHttp || !isBare) {
    throw new VaekitError(
      "HUB",
      "The hub's endpoint: expected an http or https address without user name, password and query, " +
        'such as "https://huggingface.co". Check HF_ENDPOINT or the option `endpoint`.',
    );
  }
  return url.href.replace(/\/+$/, "");
}
