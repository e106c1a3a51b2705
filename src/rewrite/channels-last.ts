/**
 * A graph of one picture with the channels of a pixel together: every map [1, C, H, W] becomes [1, H, W, C]. Rows of a
 * picture are then one piece of memory, and what moves pixels moves runs of channels.
 */
import { hasFewOutputs, isProduct, isWinogradable, type ChooseTile } from "../cost/index.ts";
import { invariant, VaekitError } from "../errors.ts";
import {
  fixedValues,
  GraphBuilder,
  GraphCopy,
  type Graph,
  type Node,
  type NodeOf,
  type OperatorName,
  type Value,
} from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import type { BilinearAlgorithm } from "./bilinear-algorithm.ts";
import { bilinearConv2dChannelsLast } from "./bilinear-conv2d-channels-last.ts";
import { productBeforeTaps } from "./product-before-taps.ts";
import { upsampledBefore, upsamplingByDifferences } from "./upsampling-by-differences.ts";
import { winogradAlgorithm } from "./winograd.ts";

/**
 * Inputs and outputs keep their names. Maps are [1, H, W, C]; inputs [C, 1, 1], a number for each channel, are [C]. Upsampling by 2
 * and the 3x3 convolution after it become one convolution.
 *
 * @param chooseTile which other 3x3 convolutions become Winograd's.
 * @throws UNSUPPORTED when an operator has no such form.
 */
export function channelsLast(graph: Graph, chooseTile: ChooseTile): Graph {
  return new ChannelsLast(graph, chooseTile).rewrite();
}

/** Where the axes N, C, H and W of a map lie. */
const newAxes = [0, 3, 1, 2] as const;
const toChannelsLast = [0, 2, 3, 1] as const;
const toChannelsFirst = [0, 3, 1, 2] as const;

const shapeOf = ({ name, shape }: Value): Shape => {
  if (shape.length === 4) return toChannelsLast.map((axis) => shape[axis]!);
  invariant(shape.length === 3, `channels last: ${name} is neither a map nor a number for each channel`);
  return shape.slice(0, 1);
};

/** Gives the value that takes the place of a node's output; undefined where an operator has no form. */
type Rule<K extends OperatorName> = ((node: NodeOf<K>, rewriter: ChannelsLast) => Value) | undefined;

const elementwise = (node: Node, rewriter: ChannelsLast): Value => rewriter.elementwise(node);
const reduction = (node: NodeOf<"ReduceMean" | "ReduceSum">, rewriter: ChannelsLast): Value =>
  rewriter.reduction(node);

const rules: { readonly [K in OperatorName]: Rule<K> } = {
  Abs: elementwise,
  Add: elementwise,
  ArgMin: undefined,
  AveragePool: undefined,
  Cast: elementwise,
  Clip: elementwise,
  Concat: (node, { builder, at }) =>
    builder.apply("Concat", node.inputs.map(at), { axis: newAxes[node.attributes.axis as 0 | 1 | 2 | 3] }),
  Conv: (node, rewriter) => rewriter.convolution(node),
  ConvTranspose: (node, rewriter) => rewriter.spread(node),
  DepthToSpace: (node, rewriter) => rewriter.squares(node),
  Div: elementwise,
  Erf: elementwise,
  Exp: elementwise,
  Expand: undefined,
  Identity: elementwise,
  InstanceNormalization: undefined,
  LeakyRelu: elementwise,
  Log: elementwise,
  MatMul: undefined,
  MaxPool: undefined,
  Mul: elementwise,
  Neg: elementwise,
  OneHot: undefined,
  Pad: undefined,
  ReduceLogSumExp: undefined,
  ReduceMax: undefined,
  ReduceMean: reduction,
  ReduceSum: reduction,
  Relu: elementwise,
  Reshape: undefined,
  Resize: ({ inputs: [x], attributes: { scales } }, { builder, at }) => repeated(builder, at(x!), scales),
  Sigmoid: elementwise,
  Sign: elementwise,
  Slice: ({ inputs: [x], attributes }, { builder, at }) =>
    builder.apply("Slice", [at(x!)], {
      ...attributes,
      axes: attributes.axes.map((axis) => newAxes[axis as 0 | 1 | 2 | 3]),
    }),
  Softmax: undefined,
  Softplus: elementwise,
  Sqrt: elementwise,
  Sub: elementwise,
  Tanh: elementwise,
  Transpose: undefined,
};

class ChannelsLast {
  readonly #graph: Graph;
  readonly #chooseTile: ChooseTile;
  readonly #copy: GraphCopy;
  readonly #producers: ReadonlyMap<string, Node>;
  /** Values that depend on initializers alone, which stay as they are. */
  readonly #fixed: ReadonlySet<string>;
  readonly builder: GraphBuilder;
  /** The new graph's value for one of the old graph. */
  readonly at: (value: Value) => Value;

  constructor(graph: Graph, chooseTile: ChooseTile) {
    this.#graph = graph;
    this.#chooseTile = chooseTile;
    this.builder = new GraphBuilder(graph.name);
    this.#copy = new GraphCopy(graph, this.builder);
    this.#producers = new Map(graph.nodes.map((node) => [node.output.name, node]));
    this.#fixed = fixedValues(graph);
    this.at = (value) => this.#copy.at(value);
  }

  rewrite(): Graph {
    const { inputs, nodes, outputs } = this.#graph;
    for (const input of inputs) {
      this.#copy.set(input, this.builder.input(input.name, input.dtype, shapeOf(input)));
    }
    for (const node of nodes) {
      const value = this.builder.insteadOf(node, () => this.#rewritten(node));
      this.#copy.set(node.output, value);
    }
    return this.builder.build(Object.fromEntries(outputs.map((value) => [value.name, this.at(value)])));
  }

  #rewritten(node: Node): Value {
    if (this.#fixed.has(node.output.name)) return this.#copy.apply(node);
    // The table's key and the node's type are the same K, which TypeScript cannot see across a union.
    const rule = rules[node.operator] as Rule<OperatorName>;
    if (rule === undefined) {
      throw new VaekitError(
        "UNSUPPORTED",
        `channels last: ${node.operator} (${node.output.name}) has no form.`,
      );
    }
    return rule(node, this);
  }

  /** Weights [C, 1, 1] are a number for each channel. */
  elementwise(node: Node): Value {
    const inputs = node.inputs.map((input) => {
      const value = this.at(input);
      return value.shape.length === 3 ? this.#reshape(value, [value.shape[0]!]) : value;
    });
    return this.#copy.apply(node, inputs);
  }

  /** Over the channels of each pixel, or over all pixels. */
  reduction(node: NodeOf<"ReduceMean" | "ReduceSum">): Value {
    const { operator, inputs, attributes } = node;
    if (attributes.axes.join() !== "1") return this.#overPixels(node);
    return this.builder.apply(operator, [this.at(inputs[0]!)], { axes: [3], keepdims: true });
  }

  /** In two stages: ONNX Runtime adds up rows fast if they stay in the nearest cache. */
  #overPixels({ operator, inputs: [x], attributes: { axes } }: NodeOf<"ReduceMean" | "ReduceSum">): Value {
    invariant(axes.join() === "2,3", "channels last: a reduction is over all pixels");
    const [, channels, height, width] = x!.shape as [number, number, number, number];
    const pixels = height * width;
    const together = divisorBelow(pixels, Math.max(1, Math.floor(rowElements / channels)));
    const stage = (value: Value, shape: Shape): Value =>
      this.builder.apply(operator, [this.#reshape(value, shape)], { axes: [0], keepdims: true });
    const rows = stage(this.at(x!), [pixels / together, together * channels]);
    return this.#reshape(stage(rows, [together, channels]), [1, 1, 1, channels]);
  }

  convolution(conv: NodeOf<"Conv">): Value {
    if (!isWinogradable(conv)) return isProduct(conv) ? this.#product(conv) : this.#direct(conv);
    const upsampled = upsampledBefore(conv, ({ name }) => this.#producers.get(name));
    if (upsampled !== undefined)
      return this.#bilinear(conv, upsamplingByDifferences, upsampled.x, upsampled.top);
    const tile = this.#chooseTile(conv);
    if (tile === undefined) return this.#direct(conv);
    return this.#bilinear(conv, winogradAlgorithm(tile), conv.inputs[0]!, conv.attributes.pads[0]);
  }

  /** Of kernels that lie beside each other: every pixel's channels times a matrix are a square of pixels. */
  spread({ inputs, attributes: { strides } }: NodeOf<"ConvTranspose">): Value {
    const [x, weight] = inputs as [Value, Value];
    const [inChannels, outChannels, down, across] = weight.shape as [number, number, number, number];
    const isBeside = down === strides[0] && across === strides[1];
    invariant(isBeside, "channels last: a transposed convolution's kernels lie beside each other");
    const [, , height, width] = x.shape as [number, number, number, number];
    const kernels = this.#transpose(this.at(weight), [0, 2, 3, 1]); // [Cin, kH, kW, Cout]
    const matrix = this.#reshape(kernels, [inChannels, down * across * outChannels]);
    const pixels = this.#reshape(this.at(x), [height * width, inChannels]);
    const squares = this.#reshape(this.builder.apply("MatMul", [pixels, matrix], {}), [
      height,
      width,
      down,
      across * outChannels,
    ]);
    return this.#reshape(this.#transpose(squares, [0, 2, 1, 3]), [
      1,
      height * down,
      width * across,
      outChannels,
    ]);
  }

  /** Every pixel's channels are a square of pixels. */
  squares({ inputs: [x], attributes: { side, mode }, output }: NodeOf<"DepthToSpace">): Value {
    const [, height, width] = this.at(x!).shape as [number, number, number];
    const [, channels] = output.shape as [number, number];
    const isChannelFirst = mode === "CRD";
    const parts = isChannelFirst ? [channels, side, side] : [side, side, channels];
    const places = this.#reshape(this.at(x!), [height, width, ...parts]);
    const squares = this.#transpose(places, isChannelFirst ? [0, 3, 1, 4, 2] : [0, 2, 1, 3, 4]);
    return this.#reshape(squares, [1, height * side, width * side, channels]);
  }

  #bilinear(conv: NodeOf<"Conv">, algorithm: BilinearAlgorithm, x: Value, top: number): Value {
    const [weight, bias] = conv.inputs.slice(1).map(this.at) as [Value, Value | undefined];
    return bilinearConv2dChannelsLast(this.builder, {
      x: this.at(x),
      weight,
      bias,
      top,
      left: conv.attributes.pads[1],
      size: conv.output.shape,
      algorithm,
    });
  }

  /** A 1x1 convolution: every pixel's channels times a matrix. */
  #product({ inputs, output }: NodeOf<"Conv">): Value {
    const [x, weight, bias] = inputs.map(this.at) as [Value, Value, Value | undefined];
    const [outChannels, inChannels] = weight.shape as [number, number];
    const [, , height, width] = output.shape as [number, number, number, number];
    const matrix = this.#transpose(this.#reshape(weight, [outChannels, inChannels]), [1, 0]);
    const pixels = this.#reshape(x, [height * width, inChannels]);
    const product = this.builder.labelled(
      { convolution: { form: { kind: "product" }, part: "product" } },
      () => this.builder.apply("MatMul", [pixels, matrix], {}),
    );
    const sums = bias === undefined ? product : this.builder.apply("Add", [product, bias], {});
    return this.#reshape(sums, [1, height, width, outChannels]);
  }

  /** ONNX's convolution has the channels first. */
  #direct(conv: NodeOf<"Conv">): Value {
    const [x, weight, bias] = conv.inputs.map(this.at) as [Value, Value, Value | undefined];
    if (hasFewOutputs(conv)) {
      const planes = this.#transpose(productBeforeTaps(this.builder, x, weight, conv), toChannelsLast);
      return bias === undefined ? planes : this.builder.apply("Add", [planes, bias], {});
    }
    const inputs = [this.#transpose(x, toChannelsFirst), weight, ...(bias === undefined ? [] : [bias])];
    return this.#transpose(this.builder.apply("Conv", inputs, conv.attributes), toChannelsLast);
  }

  #reshape(value: Value, shape: Shape): Value {
    return this.builder.apply("Reshape", [value], { shape });
  }

  #transpose(value: Value, perm: readonly number[]): Value {
    return this.builder.apply("Transpose", [value], { perm });
  }
}

/** Nearest upsampling of [1, H, W, C]: every pixel of a row, then every row so many times. */
function repeated(builder: GraphBuilder, x: Value, [down, across]: readonly [number, number]): Value {
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const repeat = (value: Value, shape: readonly [number, number, number], times: number): Value => {
    const pieces = builder.apply("Reshape", [value], { shape });
    return builder.apply("Concat", Array<Value>(times).fill(pieces), { axis: 1 });
  };
  const wide = repeat(x, [height * width, 1, channels], across);
  const high = repeat(wide, [height, 1, width * across * channels], down);
  return builder.apply("Reshape", [high], { shape: [1, height * down, width * across, channels] });
}

/** 32 KiB. */
const rowElements = 2 ** 13;

/** The largest divisor of a number that is at most `limit`. */
function divisorBelow(number: number, limit: number): number {
  let divisor = Math.min(number, limit);
  while (number % divisor !== 0) divisor--;
  return divisor;
}
