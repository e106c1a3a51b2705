/** Runs of the built `vaekit train`, a way to stop them, the pictures that they train on and the bytes that they leave. */
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { endOf, type Outcome } from "../child-end.ts";
import { program } from "../cli/run-cli.ts";

/** What a test changes of the recipe. */
export type RecipeChanges = Readonly<Record<string, unknown>>;

/** Everything that has a state: averages, accumulated gradients, an adversary from step 8 on, half epochs. */
export const tinyRecipe = {
  model: {
    config: {
      block_out_channels: [8, 16],
      layers_per_block: 1,
      latent_channels: 4,
      norm_num_groups: 4,
      mid_block_add_attention: false,
    },
  },
  data: { path: "pictures", resolution: 16, validation_count: 2 },
  loss: {
    reduction: "ldm",
    learn_logvar: true,
    adversarial: { weight: 0.5, start_step: 8, channels: 4, layers: 1 },
  },
  optimizer: { learning_rate: 1e-3, clip_norm: 1 },
  ema: { decay: 0.99 },
  // 14 pictures less 2 for validation: 6 batches in an epoch, 3 steps.
  batch_size: 2,
  accumulate: 2,
  steps: 20,
  validation: { every: 7 },
  checkpoints: { every: 5, keep: 2 },
  samples: { every: 10 },
  log: { every: 3 },
};

/** Writes `pictures/` and `recipe.json` into a folder. */
export async function prepareTraining(folder: string, changes: RecipeChanges = {}): Promise<void> {
  await writeFile(join(folder, "recipe.json"), JSON.stringify({ ...tinyRecipe, ...changes }));
  await savePictures(join(folder, "pictures"), 14);
}

/** Writes pictures of waves. */
export async function savePictures(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const raw = { width: 24, height: 20, channels: 3 } as const;
  for (let index = 0; index < count; index++) {
    const wave = (_: unknown, i: number): number => 127.5 + 127.5 * Math.sin(i * 0.01 * (index + 1));
    const data = Uint8Array.from({ length: raw.width * raw.height * raw.channels }, wave);
    const name = `${String(index).padStart(2, "0")}.png`;
    await sharp(data, { raw }).png().toFile(join(folder, name));
  }
}

export interface TrainSettings {
  readonly cwd: string;
  /** The process gets the signal from inside just before it renames a file or folder to a path with this ending. */
  readonly signalBeforeRenameTo?: { readonly signal: NodeJS.Signals; readonly path: string } | undefined;
}

/** Runs `vaekit train … --out <out>` to its end. */
export function runTrain(out: string, args: readonly string[], settings: TrainSettings): Promise<Outcome> {
  const { cwd, signalBeforeRenameTo } = settings;
  const preload =
    signalBeforeRenameTo === undefined ? [] : ["--import", signallingPreload(signalBeforeRenameTo)];
  // One thread: these graphs are too small to share, and waiting for others costs a busy machine dearly.
  const command = [...preload, program, "train", ...args, "--out", out, "--threads", "1"];
  return endOf(spawn(process.execPath, command, { cwd, stdio: ["ignore", "pipe", "pipe"] }));
}

/** A module that, loaded first, sends the process a signal once, and lets it arrive, before a rename to such a path. */
function signallingPreload({ signal, path }: { readonly signal: string; readonly path: string }): string {
  const code = `
    import fs from "node:fs/promises";
    import { syncBuiltinESMExports } from "node:module";
    const signal = ${JSON.stringify(signal)};
    const { rename } = fs;
    let isSent = false;
    fs.rename = async (from, to) => {
      if (!isSent && to.endsWith(${JSON.stringify(path)})) {
        isSent = true;
        // A signal under way does not keep a process alive.
        const alive = setInterval(() => undefined, 1000);
        const arrived = signal === "SIGKILL" ? undefined : new Promise((resolve) => process.once(signal, resolve));
        process.kill(process.pid, signal);
        await arrived;
        clearInterval(alive);
      }
      return rename(from, to);
    };
    syncBuiltinESMExports();`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** The files of a run whose bytes must not depend on when it was interrupted: all but those with times in them. */
export async function bytesOf(path: string): Promise<Record<string, string>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !/^(timing\.jsonl|events\.out\.tfevents.*)$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
  return Object.fromEntries(
    await Promise.all(
      files.map(
        async (file) => [file.slice(path.length), (await readFile(file)).toString("base64")] as const,
      ),
    ),
  );
}
