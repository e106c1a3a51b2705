/** Runs of the built `vaekit train` on a tiny model and synthetic pictures, and ways to stop them. */
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { program, type Outcome } from "../cli/run-cli.ts";

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
  log: { every: 1 },
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
  /** A signal once the log has a line of this step. */
  readonly signalAt?: { readonly signal: NodeJS.Signals; readonly step: number };
  /** Kill -9 from inside just before a file or folder is renamed to a path with this ending. */
  readonly killBeforeRenameTo?: string;
  /** The largest file that may be written, in KiB: refuses as a full disk does, and needs no special rights. */
  readonly maxFileKib?: number;
}

/** Runs `vaekit train … --out <out>` to its end. */
export function runTrain(out: string, args: readonly string[], settings: TrainSettings): Promise<Outcome> {
  const { cwd, signalAt, killBeforeRenameTo, maxFileKib } = settings;
  const preload = killBeforeRenameTo === undefined ? [] : ["--import", killingPreload(killBeforeRenameTo)];
  // One thread: these graphs are too small to share, and waiting for others costs a busy machine dearly.
  const command = [process.execPath, ...preload, program, "train", ...args, "--out", out, "--threads", "1"];
  const limit = maxFileKib === undefined ? ":" : `trap '' XFSZ; ulimit -f ${maxFileKib}`;
  const child = spawn("bash", ["-c", `${limit}; exec "$@"`, "bash", ...command], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  let hasEnded = false;
  if (signalAt !== undefined) {
    void logHas(join(cwd, out, "log.jsonl"), signalAt.step, () => hasEnded).then((found) => {
      if (found) child.kill(signalAt.signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      hasEnded = true;
      resolve({ code, signal, stdout, stderr });
    });
  });
}

/** A module that, loaded first, kills the process when it is about to rename something to such a path. */
function killingPreload(ending: string): string {
  const code = `
    import fs from "node:fs/promises";
    import { syncBuiltinESMExports } from "node:module";
    const { rename } = fs;
    fs.rename = (from, to) => {
      if (to.endsWith(${JSON.stringify(ending)})) process.kill(process.pid, "SIGKILL");
      return rename(from, to);
    };
    syncBuiltinESMExports();`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

async function logHas(path: string, step: number, hasEnded: () => boolean): Promise<boolean> {
  while (!hasEnded()) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (text.includes(`{"step":${step},`)) return true;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return false;
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
