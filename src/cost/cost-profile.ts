/** What a machine needs for the parts of a convolution: a few numbers, from which every shape's time follows. */
import { invariant } from "../errors.ts";
import type { Node } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";

/** What computes: ONNX Runtime's providers, with its two builds for the processor told apart. */
export type Provider = "cpu" | "wasm" | "webgpu" | "cuda" | "dml" | "coreml";
export const providers = [
  "cpu",
  "wasm",
  "webgpu",
  "cuda",
  "dml",
  "coreml",
] as const satisfies readonly Provider[];

/**
 * Prices of an algorithm, in picoseconds. An algorithm gathers (or transforms) its input into a matrix with
 * `factors` values for each place, multiplies that with the weights, and brings the result into shape.
 */
export interface AlgorithmCost {
  /** One multiplication or addition of the product. */
  readonly flop: number;
  /** One element of the gathered (or transformed) input. */
  readonly input: number;
  /** One element of the product. */
  readonly output: number;
  /** One element of the weights, as the algorithm has them. */
  readonly weight: number;
  /** One element of the gathered input or of the product more, where all of them are too many for the cache. */
  readonly far: number;
}

/** Outputs along one side of a tile of Winograd's. */
export type TileSize = 2 | 4 | 6;
export const tileSizes = [2, 4, 6] as const satisfies readonly TileSize[];

/** How a 3x3 convolution is computed: as it is, or in Winograd's tiles of this size. */
export type Algorithm = "direct" | TileSize;

/**
 * Winograd's tiles of which one side is transformed after the other: 4x4 outputs, or four below one another, with rows that stay
 * whole.
 */
export type SidedTile = "4x4" | "4x1";
export const sidedTiles = ["4x4", "4x1"] as const satisfies readonly SidedTile[];

/** Prices of one provider with so many threads. */
export interface CostProfile {
  /** What computes. */
  readonly provider: Provider;
  /** With how many threads. */
  readonly threadCount: number;
  /** What one run of a session costs beside its operators, in picoseconds. */
  readonly run: number;
  /** One element of an operator that works element by element, in picoseconds. */
  readonly element: number;
  /** The same where input and output are too many for the cache. */
  readonly farElement: number;
  /** Prices of ONNX Runtime's own convolution. */
  readonly direct: AlgorithmCost;
  /** Empty where Winograd's convolution is never worth it. */
  readonly tiles: Readonly<Partial<Record<TileSize, AlgorithmCost>>>;
  /**
   * Of tiles that are transformed side by side, for whole pictures. @default none: all of a tile's numbers are transformed at once,
   * which is faster where products of small matrices with large ones are
   */
  readonly sidedTiles?: Readonly<Record<SidedTile, AlgorithmCost>>;
}

/** The shape of a convolution, as far as its cost depends on it. */
export interface ConvolutionShape {
  /** Pictures at once, N. */
  readonly batch: number;
  /** Channels of the input. */
  readonly inChannels: number;
  /** Channels of the output. */
  readonly outChannels: number;
  /** Of the output. */
  readonly height: number;
  /** Of the output. */
  readonly width: number;
  /** Elements of one kernel: 9 for 3x3. */
  readonly taps: number;
}

/** How much of each thing an algorithm does for a convolution; the counterpart of {@link AlgorithmCost}. */
export type Work = { readonly [K in keyof AlgorithmCost]: number };

export const costParts = [
  "flop",
  "input",
  "output",
  "weight",
  "far",
] as const satisfies readonly (keyof AlgorithmCost)[];

/**
 * Results that are larger are far away: they leave the last cache, and the allocator takes them from the system
 * anew in each run.
 */
const nearBytes = 32e6;

export const isFar = (elements: number): boolean => elements * Float32Array.BYTES_PER_ELEMENT > nearBytes;

export function workOf(shape: ConvolutionShape, algorithm: Algorithm | SidedTile): Work {
  const { batch, inChannels, outChannels, height, width, taps } = shape;
  if (algorithm === "4x4") return workOf(shape, 4);
  if (algorithm === "4x1") {
    return workOfTiles({
      inChannels,
      outChannels,
      tiles: batch * Math.ceil(height / 4) * width,
      factors: 6,
      taps: 3,
    });
  }
  const side = algorithm === "direct" ? 1 : algorithm;
  const factors = algorithm === "direct" ? taps : (algorithm + 2) ** 2;
  const places = batch * Math.ceil(height / side) * Math.ceil(width / side);
  // A kernel of one element reads the input where it lies.
  const input = factors === 1 ? 0 : factors * inChannels * places;
  const output = (algorithm === "direct" ? 1 : factors) * outChannels * places;
  // The direct algorithm gathers its input bit by bit, which never lies in memory as a whole.
  const stored = algorithm === "direct" ? (inChannels + outChannels) * places : input + output;
  return {
    flop: 2 * factors * inChannels * outChannels * places,
    input,
    output,
    weight: factors * inChannels * outChannels,
    far: isFar(stored) ? input + output : 0,
  };
}

/** Tiles of one or more convolutions with the same input. */
export interface TiledShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly tiles: number;
  /** Numbers of a transformed tile, for each channel. */
  readonly factors: number;
  /** Products of each of them with every kernel. @default 1 */
  readonly taps?: number;
}

export function workOfTiles({ inChannels, outChannels, tiles, factors, taps = 1 }: TiledShape): Work {
  const [input, output] = [factors * inChannels * tiles, factors * outChannels * tiles];
  return {
    flop: 2 * taps * input * outChannels,
    input,
    output,
    weight: factors * taps * inChannels * outChannels,
    far: isFar(input + output) ? input + output : 0,
  };
}

const picosecond = 1e-12;

export function secondsOf(work: Work, cost: AlgorithmCost): number {
  return costParts.reduce((sum, part) => sum + work[part] * cost[part], 0) * picosecond;
}

export const toSeconds = (picoseconds: number): number => picoseconds * picosecond;

/** The shape of a convolution's node, of which groups count as examples; of a transposed one's, that of the convolution with as many products. */
export function shapeOfConvolution(node: Node): ConvolutionShape {
  const { operator, inputs, output } = node;
  invariant(operator === "Conv" || operator === "ConvTranspose", `cost: ${output.name} is not a convolution`);
  const { shape } = operator === "Conv" ? output : inputs[0]!;
  const [height, width] = shape.slice(-2) as [number, number];
  // The pictures of a stack count as examples.
  const batch = shape[0]! * sizeOf(shape.slice(2, -2));
  const [first, second, ...kernel] = inputs[1]!.shape as [number, number, ...number[]];
  const [outChannels, inChannels] = operator === "Conv" ? [first, second] : [second, first];
  const { group = 1 } = node.operator === "Conv" ? node.attributes : {};
  const each = { inChannels, outChannels: outChannels / group };
  return { batch: batch * group, ...each, height, width, taps: sizeOf(kernel) };
}
