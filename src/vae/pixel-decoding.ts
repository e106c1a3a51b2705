/** p(x|z) of latents: a decoder whose graph gives means and scales, or probabilities, run as decoders are. */
import type { Graph } from "../graph/index.ts";
import { hasScale } from "../latents/pixel-likelihood.ts";
import type { InputSize, ModelFacts } from "../models/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Coder, type CoderParts } from "./coder.ts";
import type { CodingOptions } from "./options.ts";
import { runPasses } from "./passes.ts";
import type { PixelDecoder } from "./pixel-decoder.ts";

type Floats = Tensor<"float32">;

/** What a decoding of distributions is made of. */
export interface PixelDecodingParts extends Pick<CoderParts, "machine"> {
  /** For messages. */
  readonly name: string;
  readonly facts: ModelFacts;
  readonly runtime: Runtime;
  readonly decoder: PixelDecoder;
}

export class PixelDecoding {
  readonly #parts: PixelDecodingParts;
  readonly #coder: Coder;
  readonly #facts: ModelFacts;

  constructor(parts: PixelDecodingParts) {
    const { facts, runtime, machine, decoder } = parts;
    this.#parts = parts;
    this.#facts = { ...facts, outChannels: facts.outChannels * numbersOfValue(decoder.pixels) };
    const graphOf = (_: unknown, size: InputSize): Graph => decoder.graph(size);
    this.#coder = new Coder({ runtime, machine, graphOf, facts: this.#facts });
  }

  /** @returns what the decoder's graph gives. */
  run(latents: Floats, options: CodingOptions): Promise<Floats> {
    const { name, runtime, decoder } = this.#parts;
    const graph = (_: unknown, size: InputSize): Graph => decoder.graph(size);
    const passes = { name, facts: this.#facts, runtime, coder: this.#coder, graph };
    return runPasses(passes, "decoder", latents, options);
  }

  dispose(): Promise<void> {
    return this.#coder.dispose();
  }
}

/** How many numbers say the distribution of one value. */
function numbersOfValue(pixels: PixelDecoder["pixels"]): number {
  if (pixels === "bernoulli") return 1;
  return hasScale(pixels) ? 2 : pixels.levels;
}
