/** Where a machine's measured prices lie between runs: one small JSON file in the user's cache folder. */
import { availableParallelism, cpus, homedir } from "node:os";
import { dirname, join } from "node:path";
import { env } from "onnxruntime-common";
import { messageOf, VaekitError } from "../../errors.ts";
import { parseJson } from "../../files/index.ts";
import {
  checkOutputPath,
  makeFolder,
  readJsonBytes,
  requireFromHere,
  writeFileAtomic,
} from "../../files/node/index.ts";
import type { CostProfile, Provider } from "../cost-profile.ts";
import { defaultProfile } from "../cost-table.ts";
import type { Entry } from "./profile-file.ts";

/** What a measurement is valid for. */
export interface ProfileKey {
  /** The processor's name, as the system has it. */
  readonly processor: string;
  /** What computes. */
  readonly provider: Provider;
  /** With how many threads. */
  readonly threadCount: number;
  /** Of ONNX Runtime. */
  readonly runtimeVersion: string;
}

const remedy = "Run `vaekit tune` to measure this machine again.";

/** `$XDG_CACHE_HOME/vaekit/profiles.json`, or where the platform keeps caches. */
export function profilePath(environment: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(environment), "vaekit", "profiles.json");
}

function cacheFolder({ XDG_CACHE_HOME, LOCALAPPDATA }: NodeJS.ProcessEnv): string {
  if (XDG_CACHE_HOME !== undefined && XDG_CACHE_HOME !== "") return XDG_CACHE_HOME;
  if (process.platform === "win32") return LOCALAPPDATA ?? join(homedir(), "AppData", "Local");
  return process.platform === "darwin" ? join(homedir(), "Library", "Caches") : join(homedir(), ".cache");
}

/** The key of this machine. */
export function profileKey(provider: Provider, threadCount = availableParallelism()): ProfileKey {
  const processor = cpus()[0]?.model.trim();
  return {
    processor: processor === undefined || processor === "" ? process.arch : processor,
    provider,
    threadCount,
    runtimeVersion: runtimeVersion(),
  };
}

/** Of ONNX Runtime; all its packages carry the same. */
function runtimeVersion(): string {
  try {
    const { version } = requireFromHere("onnxruntime-node/package.json") as { version: unknown };
    return String(version);
  } catch {
    return env.versions.common;
  }
}

export interface LoadedProfile {
  readonly profile: CostProfile;
  readonly source: "measured" | "default";
}

export interface CacheOptions {
  /** @default {@link profilePath} */
  readonly path?: string;
  /** Called once when the file is there and cannot be used. */
  readonly onWarning?: (message: string) => void;
}

/**
 * The measured prices of this machine, or the default ones: a file that is damaged, of another version or without
 * this machine is no failure.
 */
export async function loadProfile(
  key: ProfileKey,
  { path = profilePath(), onWarning }: CacheOptions = {},
): Promise<LoadedProfile> {
  const fallback = { profile: defaultProfile(key.provider, key.threadCount), source: "default" } as const;
  let entries: readonly Entry[];
  try {
    entries = await readEntries(path);
  } catch (error) {
    onWarning?.(`${messageOf(error)} Using the default prices. ${remedy}`);
    return fallback;
  }
  const found = entries.find((each) => fits(each, key));
  if (found !== undefined) return { profile: found.profile, source: "measured" };
  if (entries.some((each) => isOutdated(each, key))) {
    const message = `${path}: measured for another processor or version of ONNX Runtime. Using the default prices.`;
    onWarning?.(`${message} ${remedy}`);
  }
  return fallback;
}

/**
 * Makes the file's folder and checks its place, so that what cannot be stored need not be measured.
 *
 * @throws IO when the folder cannot be made, or the file may not be written.
 */
export async function prepareProfileFolder(path: string = profilePath()): Promise<void> {
  await makeFolder(dirname(path)).catch((error: unknown) => {
    const message = `${dirname(path)}: the cache folder could not be made: ${messageOf(error)} Set XDG_CACHE_HOME to a folder that can be written.`;
    throw new VaekitError("IO", message, { cause: error });
  });
  checkOutputPath(path);
}

/**
 * Adds a measurement to the file, in place of an older one for the same provider and threads. A file that cannot
 * be read is replaced.
 *
 * @throws IO when the file cannot be written.
 */
export async function saveProfile(
  key: ProfileKey,
  profile: CostProfile,
  path: string = profilePath(),
): Promise<void> {
  const { format } = await import("./profile-file.ts");
  const before = await readEntries(path).catch((): Entry[] => []);
  const { processor, runtimeVersion } = key;
  const kept = before.filter((each) => !isSameUse(each, key));
  const content = { format, entries: [...kept, { processor, runtimeVersion, profile }] };
  await prepareProfileFolder(path);
  await writeFileAtomic(path, `${JSON.stringify(content, null, 2)}\n`);
}

/** No entries when there is no file. @throws INVALID_FILE on any other content, IO when it cannot be read. */
async function readEntries(path: string): Promise<Entry[]> {
  let bytes: Uint8Array;
  try {
    bytes = await readJsonBytes(path);
  } catch (error) {
    if (error instanceof VaekitError && error.code === "NOT_FOUND") return [];
    throw error;
  }
  const { cacheFile, format } = await import("./profile-file.ts");
  const parsed = cacheFile.safeParse(parsedOrNothing(bytes));
  if (parsed.success) return parsed.data.entries;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw new VaekitError("INVALID_FILE", `${path}: not a file of measured prices (format ${format})${where}.`);
}

function parsedOrNothing(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, { name: "prices" });
  } catch {
    return undefined;
  }
}

const isSameUse = ({ profile }: Entry, { provider, threadCount }: ProfileKey): boolean =>
  profile.provider === provider && profile.threadCount === threadCount;

const fits = (each: Entry, key: ProfileKey): boolean =>
  isSameUse(each, key) && each.processor === key.processor && each.runtimeVersion === key.runtimeVersion;

const isOutdated = (each: Entry, key: ProfileKey): boolean => isSameUse(each, key) && !fits(each, key);
