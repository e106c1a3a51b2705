/** Whole runs of the smallest recipes inside this process, and what they leave. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensorsFile, type Tensor } from "../../src/node/index.ts";
import { parseRecipe, type Recipe } from "../../src/recipe/index.ts";
import { openTrainable } from "../../src/train/index.ts";
import { readCheckpoint, readMetrics, type MetricsRecord } from "../../src/training/run-folder/index.ts";
import { train } from "../../src/training/train.ts";
import type { TrainOptions, TrainResult } from "../../src/training/options.ts";
import { idxFile, madeUpDigits } from "./made-up-digits.ts";
import { smallConfig, type Section } from "./small-recipe.ts";
import { savePictures } from "./train-cli.ts";

const weightsFile = "diffusion_pytorch_model.safetensors";

export type Floats = Tensor<"float32">;

/** What is trained: an AutoencoderKL on pictures, or an mlp on digits, of which a run takes a tenth of the time. */
type Kind = "pictures" | "digits";

/** A folder with pictures or digits, and runs beside them. */
export class SmallRuns {
  readonly path: string;
  readonly #kind: Kind;

  private constructor(path: string, kind: Kind) {
    this.path = path;
    this.#kind = kind;
  }

  /** @param count pictures of 24 x 20 pixels in `pictures`, or digits to train on in `digits`; four more judge. */
  static async create(kind: Kind, count = 6): Promise<SmallRuns> {
    const runs = new SmallRuns(await mkdtemp(join(tmpdir(), "vaekit-small-runs-")), kind);
    if (kind === "pictures") await savePictures(runs.at("pictures"), count);
    else await runs.#saveDigits(count);
    return runs;
  }

  async #saveDigits(count: number): Promise<void> {
    await mkdir(this.at("digits"));
    for (const [seed, [name, each]] of [["train", count] as const, ["t10k", 4] as const].entries()) {
      await writeFile(this.at("digits", `${name}-images-idx3-ubyte`), idxFile(madeUpDigits(each, seed + 1)));
    }
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }

  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** The recipe with these sections; `data` is completed. */
  recipe({ data, ...sections }: Section = {}): Recipe {
    const digits = {
      model: { type: "mlp", hidden_sizes: [2], latent_size: 2 },
      data: { path: this.at("digits"), ...(data as Section | undefined) },
    };
    const pictures = {
      model: { config: smallConfig },
      data: { path: this.at("pictures"), resolution: 8, ...(data as Section | undefined) },
    };
    return parseRecipe({
      ...(this.#kind === "digits" ? digits : pictures),
      optimizer: { learning_rate: 1e-2 },
      batch_size: 2,
      steps: 3,
      ...sections,
    });
  }

  train(name: string, sections: Section = {}, options: Partial<TrainOptions> = {}): Promise<TrainResult> {
    return train({ recipe: this.recipe(sections), directory: this.at(name), threadCount: 1, ...options });
  }

  /** Trains until the end of a step, as a caller's signal has it. */
  async trainTo(
    step: number,
    name: string,
    sections: Section,
    options: Partial<TrainOptions> = {},
  ): Promise<TrainResult> {
    const controller = new AbortController();
    return this.train(name, sections, {
      signal: controller.signal,
      onStep: (report) => {
        if (report.step === step) controller.abort();
      },
      ...options,
    });
  }

  /** The lines of a run's log. */
  log(name: string): Promise<MetricsRecord[]> {
    return readMetrics(this.at(name, "log.jsonl"));
  }

  /** The names in a run's folder of checkpoints. */
  async checkpoints(name: string): Promise<string[]> {
    return (await readdir(this.at(name, "checkpoints"))).sort();
  }

  /** The state's tensors in a checkpoint. */
  async state(name: string, step: number): Promise<Map<string, Floats>> {
    const path = this.at(name, "checkpoints", `step-${String(step).padStart(6, "0")}`);
    const { tensors } = await readCheckpoint(path);
    return tensors as Map<string, Floats>;
  }

  /** The parameters that one vector of a checkpoint holds. */
  async parameters(
    name: string,
    step: number,
    vector: string,
    recipe = this.recipe(),
  ): Promise<Map<string, Floats>> {
    return openTrainable(recipe).layout.split((await this.state(name, step)).get(vector)!);
  }

  /** The weights of a run's finished model. */
  async model(name: string): Promise<Map<string, Floats>> {
    const { tensors } = await readSafetensorsFile(this.at(name, "model", weightsFile));
    return tensors as Map<string, Floats>;
  }

  async config(name: string): Promise<Record<string, unknown>> {
    return JSON.parse(await readFile(this.at(name, "model", "config.json"), "utf8")) as Record<
      string,
      unknown
    >;
  }
}
