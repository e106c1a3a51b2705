/**
 * Tiny graphs on which the tricks are tried. Their numbers are small and whole where the arithmetic is exact, so that two ways to
 * compute them agree to the last bit, and otherwise to float32's precision.
 */
import { GraphBuilder, type Graph, type Value } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import { bytesInMemory } from "../tensor/byte-source.ts";

/** The beginning of a file that can be mapped. */
export interface FileHead {
  readonly folder: string;
  /** In that folder. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A graph whose only weight is the beginning of a file, and what it is run on. */
export interface Sample {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly head: FileHead;
}

/** Whole numbers from -2 to 2, without a pattern that a wrong order of channels or pixels would not break. */
function wholeNumbers(shape: readonly number[], seed: number): Tensor<"float32"> {
  let state = seed;
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return ((state >>> 16) % 5) - 2;
  });
  return Tensor.from(data, shape);
}

/** What has fused operators, temporaries, a mapped weight and convolutions of all kinds that are written in blocks. */
export function mixedSample(head: FileHead): Sample {
  const builder = new GraphBuilder("mixed");
  const inputs: Record<string, Tensor> = {};
  const input: Input = (name, shape) => {
    inputs[name] = wholeNumbers(shape, Object.keys(inputs).length);
    return builder.input(name, "float32", shape);
  };
  const outputs = {
    product: addProduct(builder, input),
    weights: addWeights(builder, head),
    ...addConvolutions(builder, input),
  };
  return { graph: builder.build(outputs), inputs, head };
}

type Input = (name: string, shape: readonly number[]) => Value;

/** A product of transposed operands, and SiLU of it. */
function addProduct(builder: GraphBuilder, input: Input): Value {
  const operands = [input("a", [2, 4, 3]), input("b", [2, 5, 4])];
  const [left, right] = operands.map((x) => builder.apply("Transpose", [x], { perm: [0, 2, 1] }));
  const product = builder.apply("MatMul", [left!, right!], {});
  const gate = builder.apply("Sigmoid", [product], {});
  return builder.apply("Mul", [product, gate], {});
}

/** The bytes of the file as numbers. */
function addWeights(builder: GraphBuilder, { name, bytes }: FileHead): Value {
  const stored: StoredTensor = {
    name: "head",
    dtype: "uint8",
    shape: [bytes.length],
    source: bytesInMemory(bytes, name),
    byteOffset: 0,
    byteLength: bytes.length,
  };
  return builder.apply("Cast", [builder.stored(stored)], { to: "float32" });
}

/** Whole blocks of every size there is. */
const channels = 16;

const unit = { strides: [1, 1], pads: [1, 1, 1, 1] } as const;

/**
 * A convolution with changing kernels, one with the same kernels turned, one that takes a sum and Relu in, and one with constant kernels
 * of a single channel, which leave a block open.
 */
function addConvolutions(builder: GraphBuilder, input: Input): Record<string, Value> {
  const [inChannels, outChannels] = [2 * channels, channels];
  const w = input("w", [outChannels, inChannels, 3, 3]);
  const y = builder.apply("Conv", [input("x", [1, inChannels, 3, 5]), w], unit);
  const swapped = builder.apply("Transpose", [w], { perm: [1, 0, 2, 3] });
  const rows = builder.apply("Reshape", [swapped], { shape: [inChannels * outChannels, 9] });
  const reversal = builder.constant("reversal", reversalOf(9));
  const reversed = builder.apply("MatMul", [rows, reversal], {});
  const kernels = builder.apply("Reshape", [reversed], { shape: [inChannels, outChannels, 3, 3] });
  const turned = builder.composite({ kind: "TurnedKernel", inputs: [w], output: kernels });
  const back = builder.apply("Conv", [y, turned], unit);
  const next = builder.apply("Conv", [y, input("v", [outChannels, outChannels, 3, 3])], unit);
  const sum = builder.apply("Relu", [builder.apply("Add", [y, next], {})], {});
  const constant = builder.constant("kernels", wholeNumbers([channels + 1, 1, 3, 3], 3));
  const single = input("single", [2, 1, 5, 3]);
  const spread = builder.apply("Conv", [single, constant], { strides: [2, 1], pads: [1, 0, 0, 1] });
  return { y, back, sum, spread };
}

/** The matrix that reverses a row. */
function reversalOf(size: number): Tensor<"float32"> {
  const data = new Float32Array(size ** 2);
  for (let row = 0; row < size; row++) data[row * size + (size - 1 - row)] = 1;
  return Tensor.from(data, [size, size]);
}

/** The gradient of kernels, from two examples. */
export function gradientSample(head: FileHead): Sample {
  const shape = [2, channels, 4, 3];
  const builder = new GraphBuilder("gradient");
  const x = builder.input("x", "float32", shape);
  const dy = builder.input("dy", "float32", shape);
  const [pictures, kernels] = [x, dy].map((value) =>
    builder.apply("Transpose", [value], { perm: [1, 0, 2, 3] }),
  );
  // [Cin, N, H, W] and [Cout, N, H, W] → [Cin, Cout, kH, kW]
  const products = builder.apply("Conv", [pictures!, kernels!], unit);
  const swapped = builder.apply("Transpose", [products], { perm: [1, 0, 2, 3] });
  const dw = builder.composite({
    kind: "WeightGradient",
    inputs: [x, dy],
    output: swapped,
    pads: unit.pads,
  });
  return {
    graph: builder.build({ dw }),
    inputs: { x: wholeNumbers(shape, 7), dy: wholeNumbers(shape, 8) },
    head,
  };
}
