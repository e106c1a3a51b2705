/** Runs command lines, in this process or as the built program, and makes the tiny inputs that they need. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { run } from "../../src/cli/run.ts";
import { endOf, type Outcome } from "../child-end.ts";
import { AutoencoderKL, Generator, type AutoencoderKLConfig } from "../../src/node/index.ts";

/** The program; `npm test` builds it first. */
export const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export type { Outcome };

export interface RunSettings {
  readonly cwd: string;
  /** Beside the variables of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether stderr is a terminal. */
  readonly isTerminal?: boolean | undefined;
}

export interface SpawnSettings extends Pick<RunSettings, "cwd" | "env"> {
  /** Sends the signal after this long. */
  readonly kill?: { readonly signal: NodeJS.Signals; readonly afterMs: number };
  /** Shell commands to run first, in the shell that becomes the program. */
  readonly before?: string;
  /** A module's code that runs first in the program's process. */
  readonly preload?: string;
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * Runs `vaekit` to its end in this process, one command line after the other: for all that needs no process of its own.
 * It has the working folder, the variables and the two outputs of a process for as long as it runs.
 */
export function runCli(args: readonly string[], settings: RunSettings): Promise<Outcome> {
  const outcome = turn.then(() => runHere(args, settings));
  turn = outcome.catch(() => undefined);
  return outcome;
}

async function runHere(args: readonly string[], settings: RunSettings): Promise<Outcome> {
  const { cwd, env = {}, isTerminal } = settings;
  const former = {
    cwd: process.cwd(),
    env: Object.keys(env).map((name) => [name, process.env[name]] as const),
  };
  process.chdir(cwd);
  Object.assign(process.env, env);
  try {
    const { result: code, ...texts } = await withOutputs(() => run(args), { isTerminal });
    return { code, signal: null, ...texts };
  } finally {
    for (const [name, value] of former.env) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    process.chdir(former.cwd);
  }
}

/** What `work` gives, and what it writes to stdout and stderr meanwhile. */
export async function withOutputs<T>(
  work: () => T | Promise<T>,
  { isTerminal }: Pick<RunSettings, "isTerminal"> = {},
): Promise<{ result: T; stdout: string; stderr: string }> {
  const stdout = capture(process.stdout, undefined);
  const stderr = capture(process.stderr, isTerminal);
  try {
    const result = await work();
    return { result, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    stdout.end();
    stderr.end();
  }
}

/** Keeps what is written to a stream from its reader. */
function capture(
  stream: NodeJS.WriteStream,
  isTTY: boolean | undefined,
): { text: () => string; end: () => void } {
  let text = "";
  const write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    text += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    const done = rest.find((value) => typeof value === "function") as (() => void) | undefined;
    if (done !== undefined) queueMicrotask(done);
    return true;
  };
  const values = { write, isTTY };
  const former = new Map<keyof typeof values, PropertyDescriptor | undefined>();
  for (const key of ["write", "isTTY"] as const) {
    former.set(key, Object.getOwnPropertyDescriptor(stream, key));
    Object.defineProperty(stream, key, { value: values[key], configurable: true, writable: true });
  }
  return {
    text: () => text,
    end: () => {
      for (const [key, descriptor] of former) {
        if (descriptor === undefined) Reflect.deleteProperty(stream, key);
        else Object.defineProperty(stream, key, descriptor);
      }
    },
  };
}

/** Runs the built program to its end, as a user does: for what is about processes. */
export function spawnCli(args: readonly string[], settings: SpawnSettings): Promise<Outcome> {
  const { cwd, env, kill, before, preload } = settings;
  const first =
    preload === undefined ? [] : ["--import", `data:text/javascript,${encodeURIComponent(preload)}`];
  const command = [process.execPath, ...first, program, ...args];
  const [file, ...rest] =
    before === undefined ? command : ["bash", "-c", `${before}; exec "$@"`, "bash", ...command];
  const child = spawn(file!, rest, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timer = kill === undefined ? undefined : setTimeout(() => child.kill(kill.signal), kill.afterMs);
  return endOf(child).finally(() => {
    clearTimeout(timer);
  });
}

/** A folder for one test file, and a way to remove it. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "vaekit-cli-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A model of 8 pixels and 4 channels per latent that runs in a moment. */
export const tinyConfig: Partial<AutoencoderKLConfig> = {
  blockOutChannels: [4, 4, 4, 8],
  downBlockTypes: Array.from({ length: 4 }, () => "DownEncoderBlock2D" as const),
  upBlockTypes: Array.from({ length: 4 }, () => "UpDecoderBlock2D" as const),
  normNumGroups: 4,
  latentChannels: 4,
};

/** Writes a tiny random model in diffusers' format. */
export async function saveTinyModel(folder: string, config = tinyConfig): Promise<void> {
  await using vae = AutoencoderKL.fromConfig(config, { generator: Generator.torch(0), device: "cpu" });
  await vae.savePretrained(folder);
}

/** Writes a picture with something to see in it. */
export async function savePicture(path: string, width: number, height: number): Promise<void> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + (i >> 5) * 13) % 256);
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
}

/** Everything below a folder, as relative paths. */
export async function listFiles(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}

/** The options that name the model of a {@link WorkFolder}. */
export const model = ["--model", "../model", "--device", "cpu"];

/** The size that makes one batch of both pictures. */
export const small = ["--size", "16x16"];

/** Where a test file runs its commands: empty before each test, with a tiny model and two pictures beside it. */
export interface WorkFolder {
  /** The path of a file there; `../a.png`, of 32x24 pixels, and `../b.png`, of 24x32, are the pictures. */
  readonly at: (name: string) => string;
  /** Everything that is there, as relative paths. */
  readonly files: () => Promise<string[]>;
  readonly run: (...args: string[]) => Promise<Outcome>;
  /** @returns what is printed where nothing is wrong and nothing is said on stderr. */
  readonly succeed: (...args: string[]) => Promise<string>;
  /** What `--json` prints where nothing is wrong. */
  readonly json: (...args: string[]) => Promise<Record<string, unknown>>;
  /** The model as the library opens it; the caller disposes it. */
  readonly openModel: () => Promise<AutoencoderKL>;
}

/** To be called once in a test file, outside of its tests. */
export function workFolder(): WorkFolder {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const at = (name: string): string => join(folder.path, "work", name);
  beforeAll(async () => {
    folder = await temporaryFolder();
    await saveTinyModel(join(folder.path, "model"));
    await savePicture(join(folder.path, "a.png"), 32, 24);
    await savePicture(join(folder.path, "b.png"), 24, 32);
  });
  afterAll(() => folder.remove());
  beforeEach(() => mkdir(at(".")));
  afterEach(() => rm(at("."), { recursive: true }));

  const run = (...args: string[]): Promise<Outcome> => runCli(args, { cwd: at(".") });
  const succeed = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  };
  return {
    at,
    files: () => listFiles(at(".")),
    run,
    succeed,
    json: async (...args) => JSON.parse(await succeed(...args, "--json")) as Record<string, unknown>,
    openModel: () => AutoencoderKL.fromPretrained(at("../model"), { device: "cpu" }),
  };
}
