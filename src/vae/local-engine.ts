/** Computes a model's halves with a runtime of this thread. */
import type { Graph } from "../graph/index.ts";
import type { InputSize } from "../models/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Coder } from "./coder.ts";
import type { CodingEngine, EngineParts, MakeEngine } from "./coding-engine.ts";
import { configOfHalf } from "./halves.ts";
import { optionsForLayout } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { finderOf, readParameters } from "./model-weights.ts";
import { checkFiniteWeights } from "./non-finite.ts";
import type { CodingOptions, CodingPlan, Half } from "./options.ts";
import { runPasses, type TileCoder } from "./passes.ts";
import { PixelDecoding } from "./pixel-decoding.ts";
import { withoutDistribution } from "./find-pixel-decoder.ts";

type Planes = Tensor<"float32">;

/** Engines that compute with this runtime, which ends with them. */
export const localEngine =
  (runtime: Runtime, machine: Machine): MakeEngine =>
  (parts) =>
    new LocalEngine(parts, runtime, machine);

class LocalEngine implements CodingEngine {
  readonly #parts: EngineParts;
  readonly #runtime: Runtime;
  readonly #machine: Machine;
  readonly #coder: Coder;
  #tileCoder: Coder | undefined;
  #pixels: PixelDecoding | undefined;
  #weightsChecked: Promise<void> | undefined;

  constructor(parts: EngineParts, runtime: Runtime, machine: Machine) {
    this.#parts = parts;
    this.#runtime = runtime;
    this.#machine = machine;
    this.#coder = this.#newCoder((half, size) => this.#graph(half, size));
  }

  get device(): string | undefined {
    return this.#runtime.device;
  }

  async code(half: Half, x: Planes, options: CodingOptions): Promise<Planes> {
    const coding = await this.#codingOptions(options);
    const { name, facts } = this.#parts;
    const [runtime, coder] = [this.#runtime, this.#coder];
    const graph = (...of: [Half, InputSize]): Graph => this.#graph(...of);
    const tileDecoder = half === "decoder" && coding.tiling === "diffusers" ? this.#tiles() : undefined;
    return runPasses({ name, facts, runtime, coder, graph, tileDecoder }, half, x, coding);
  }

  async codePixels(latents: Planes, options: CodingOptions): Promise<Planes> {
    return this.#pixelDecoding().run(latents, await this.#codingOptions(options));
  }

  plan(half: Half, size: InputSize, options: CodingOptions): Promise<CodingPlan> {
    return this.#coder.plan(half, size, this.#optionsForLayout(options));
  }

  async dispose(): Promise<void> {
    await this.#coder.dispose();
    await this.#tileCoder?.dispose();
    await this.#pixels?.dispose();
    await this.#runtime.dispose();
  }

  #graph(half: Half, size: InputSize): Graph {
    const { model, weights } = this.#parts;
    return model[half](this.#configOf(half), size, finderOf(weights));
  }

  #configOf(half: Half): object {
    const { name, halves } = this.#parts;
    return configOfHalf(name, halves, half, half === "encoder" ? "encode" : "decode");
  }

  #newCoder(graphOf: (half: Half, size: InputSize) => Graph): Coder {
    const { facts } = this.#parts;
    return new Coder({ runtime: this.#runtime, machine: this.#machine, graphOf, facts });
  }

  /** How the class decodes tiles, if otherwise than whole pictures. */
  #tiles(): TileCoder | undefined {
    const { model, weights } = this.#parts;
    const { tileDecoder } = model;
    if (tileDecoder === undefined) return undefined;
    const config = this.#configOf("decoder");
    this.#tileCoder ??= this.#newCoder((_, size) => tileDecoder.graph(config, size, finderOf(weights)));
    return { coder: this.#tileCoder, finished: (joined) => tileDecoder.finished(joined, config) };
  }

  #pixelDecoding(): PixelDecoding {
    const { name, facts, pixelDecoder: decoder } = this.#parts;
    if (decoder === undefined) throw withoutDistribution(name);
    const [runtime, machine] = [this.#runtime, this.#machine];
    return (this.#pixels ??= new PixelDecoding({ name, facts, runtime, machine, decoder }));
  }

  #optionsForLayout(options: CodingOptions): CodingOptions {
    const { facts, model } = this.#parts;
    return optionsForLayout(options, facts, model.className);
  }

  /** The options as the model's layout allows them; its weights are looked at where they may hide damage. */
  async #codingOptions(options: CodingOptions): Promise<CodingOptions> {
    const coding = this.#optionsForLayout(options);
    if (options.checkFinite !== false && this.#parts.model.hidesDamage === true) await this.#checkWeights();
    return coding;
  }

  /** Once: an infinite weight may hide behind an activation that saturates. */
  #checkWeights(): Promise<void> {
    const check = async (): Promise<void> => {
      checkFiniteWeights(this.#parts.name, await readParameters(this.#parts.weights));
    };
    return (this.#weightsChecked ??= check().catch((error: unknown) => {
      this.#weightsChecked = undefined;
      throw error;
    }));
  }
}
