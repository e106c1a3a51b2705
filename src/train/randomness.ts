/** Where a run's random numbers come from: independent streams by number, or PyTorch's one sequence of draws. */
import { VaekitError } from "../errors.ts";
import { Generator } from "../random/index.ts";
import type { Recipe } from "../recipe/index.ts";
import { sameShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What a checkpoint keeps of it, as JSON. */
export interface RandomnessState {
  /** The generator's own state, base64; empty where every draw follows from its number. */
  readonly generator: string;
  readonly epoch: number;
  readonly order: readonly number[];
}

export interface TrainingRandomness {
  /** Draws fresh weights. */
  readonly initialization: Generator;
  /** Standard normal numbers for batch `index`, counted over the whole run. */
  noise(index: number, shape: Shape): Tensor<"float32">;
  /** Standard normal numbers for batch `index` of the validation after step `step`. */
  validationNoise(step: number, index: number, shape: Shape): Tensor<"float32">;
  /**
   * Standard normal numbers for one part of the samples that picture batch `index` is judged with. They are the same
   * at every step and beside PyTorch's sequence, so that a judgement changes nothing.
   */
  likelihoodNoise(index: number, part: number, shape: Shape): Tensor<"float32">;
  /** The order of the examples, where it is drawn here; the data set shuffles by itself otherwise. */
  readonly order: ((epoch: number, count: number) => ArrayLike<number>) | undefined;
  state(): RandomnessState;
  restore(state: RandomnessState): void;
}

/** The randomness that a recipe asks for. */
export function randomnessOf({ randomness, seed }: Pick<Recipe, "randomness" | "seed">): TrainingRandomness {
  return randomness === "torch" ? torchRandomness(seed) : philoxRandomness(seed);
}

const purposes = { noise: 0xe1n, validation: 0xe2n, likelihood: 0xe3n } as const;

/** A generator for a purpose and two numbers below 2^28. */
function streamOf(seed: number, purpose: keyof typeof purposes, major: number, minor: number): Generator {
  return Generator.philox(seed).stream((purposes[purpose] << 56n) | (BigInt(major) << 28n) | BigInt(minor));
}

/** Counter-based: every draw follows from the seed and its number, so there is nothing to keep. */
export function philoxRandomness(seed: number): TrainingRandomness {
  return {
    initialization: Generator.torch(seed),
    noise: drawnAhead((index, shape) => streamOf(seed, "noise", index, 0).randn(shape)),
    validationNoise: (step, index, shape) => streamOf(seed, "validation", step, index).randn(shape),
    likelihoodNoise: (index, part, shape) => streamOf(seed, "likelihood", index, part).randn(shape),
    order: undefined,
    state: () => ({ generator: "", epoch: -1, order: [] }),
    restore: () => undefined,
  };
}

type Draw = (index: number, shape: Shape) => Tensor<"float32">;

/** The same draws, the next one of which is made while the runtime computes with this one. */
function drawnAhead(draw: Draw): Draw {
  let ahead: { readonly index: number; readonly noise: Tensor<"float32"> } | undefined;
  return (index, shape) => {
    const isKnown = ahead?.index === index && sameShape(ahead.noise.shape, shape);
    const noise = isKnown ? ahead!.noise : draw(index, shape);
    setTimeout(() => {
      ahead = { index: index + 1, noise: draw(index + 1, shape) };
    });
    return noise;
  };
}

/**
 * The order of draws of a PyTorch script: `manual_seed`, the weights, then for each epoch `randperm` and for each
 * batch `randn`, those of the validation in between.
 */
export function torchRandomness(seed: number): TrainingRandomness {
  const generator = Generator.torch(seed);
  let current = { epoch: -1, order: [] as readonly number[] };
  const randn = (shape: Shape): Tensor<"float32"> => generator.randn(shape);
  return {
    initialization: generator,
    noise: (_, shape) => randn(shape),
    validationNoise: (_step, _index, shape) => randn(shape),
    likelihoodNoise: (index, part, shape) => streamOf(seed, "likelihood", index, part).randn(shape),
    order: (epoch, count) => {
      if (epoch === current.epoch) return current.order;
      current = { epoch, order: Array.from(generator.randperm(count).data, Number) };
      return current.order;
    },
    state: () => ({ generator: toBase64(generator.state()), ...current }),
    restore: ({ generator: bytes, epoch, order }) => {
      generator.setState(fromBase64(bytes));
      current = { epoch, order };
    },
  };
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (error) {
    throw new VaekitError("INVALID_FILE", "The generator's state in the checkpoint is damaged.", {
      cause: error,
    });
  }
}
