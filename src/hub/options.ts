/** Options of the hub, and how they and the `HF_*` environment become settings (Python's rules). */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

import { VaekitError } from "../errors.ts";

/** How far one file has come. */
export interface HubProgress {
  /** Path inside the repository. */
  readonly file: string;
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

/** What to fetch, from where, and how patiently. */
export interface HubOptions {
  /** Folder inside the repository; without it the root, or `vae` when only that has a config.json. */
  readonly subfolder?: string;
  /** Weights' variant, such as `fp16` in `diffusion_pytorch_model.fp16.safetensors`. */
  readonly variant?: string;
  /** Branch, tag or commit; default `main`. */
  readonly revision?: string;
  /** Use the cache alone; default: whether `HF_HUB_OFFLINE` is set. */
  readonly localFilesOnly?: boolean;
  /** Default: `HF_HUB_CACHE`, else `HF_HOME/hub`, else `~/.cache/huggingface/hub`. */
  readonly cacheDir?: string;
  /** Access token; default `HF_TOKEN`, else the file that `hf auth login` writes. */
  readonly token?: string;
  /** The hub's address; default `HF_ENDPOINT`, else https://huggingface.co. */
  readonly endpoint?: string;
  readonly onProgress?: (event: HubProgress) => void;
  /** Told when the hub is out of reach and the cached copy is used instead. */
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
  /** Longest wait for the head of an answer; default 15 000. */
  readonly timeoutMs?: number;
  /** Longest wait for the next byte of a body; default 30 000. */
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
  readonly revision: string;
  readonly localFilesOnly: boolean;
  readonly cacheDir: string;
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** Fills in defaults from the environment. */
export async function readSettings(id: string, options: HubOptions): Promise<HubSettings> {
  const home = expandHome(
    variable("HF_HOME") ?? join(variable("XDG_CACHE_HOME") ?? join(homedir(), ".cache"), "huggingface"),
  );
  const cache = variable("HF_HUB_CACHE") ?? variable("HUGGINGFACE_HUB_CACHE") ?? join(home, "hub");
  return {
    ...options,
    id,
    revision: options.revision ?? "main",
    localFilesOnly: options.localFilesOnly ?? isTrue(variable("HF_HUB_OFFLINE")),
    cacheDir: options.cacheDir ?? expandHome(cache),
    token: options.token ?? variable("HF_TOKEN")?.trim() ?? (await readTokenFile(home)),
    endpoint: checkEndpoint(options.endpoint ?? variable("HF_ENDPOINT") ?? "https://huggingface.co"),
    timeoutMs: options.timeoutMs ?? 15_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
  };
}

/** An empty variable counts as unset. */
function variable(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}

function isTrue(value: string | undefined): boolean {
  return ["1", "ON", "YES", "TRUE"].includes(value?.toUpperCase() ?? "");
}

function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

async function readTokenFile(home: string): Promise<string | undefined> {
  try {
    const text = (await readFile(variable("HF_TOKEN_PATH") ?? join(home, "token"), "utf8")).trim();
    return text === "" ? undefined : text;
  } catch {
    return undefined; // Not logged in: public models need no token.
  }
}

function checkEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  // The text itself may hold a password, so the message leaves it out.
  if (url === undefined || !isHttp || url.username !== "" || url.password !== "") {
    throw new VaekitError(
      "HUB",
      "The hub's endpoint: expected an http or https address without user name and password, " +
        'such as "https://huggingface.co". Check HF_ENDPOINT or the option `endpoint`.',
    );
  }
  return text.replace(/\/+$/, "");
}
