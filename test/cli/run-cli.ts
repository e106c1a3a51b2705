/** Runs the built program as a user does, in a folder of its own, and makes the tiny inputs that it needs. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { AutoencoderKL, Generator, type AutoencoderKLConfig } from "../../src/node/index.ts";

/** The program; `npm test` builds it first. */
export const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunSettings {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Sends the signal after this long. */
  readonly kill?: { readonly signal: NodeJS.Signals; readonly afterMs: number };
  /** Shell commands to run first, in the shell that becomes the program. */
  readonly before?: string;
}

/** Runs `vaekit` to its end. */
export function runCli(args: readonly string[], settings: RunSettings): Promise<Outcome> {
  const { cwd, env, kill, before } = settings;
  const command = [process.execPath, program, ...args];
  const [file, ...rest] =
    before === undefined ? command : ["bash", "-c", `${before}; exec "$@"`, "bash", ...command];
  const child = spawn(file!, rest, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const timer = kill === undefined ? undefined : setTimeout(() => child.kill(kill.signal), kill.afterMs);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
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
