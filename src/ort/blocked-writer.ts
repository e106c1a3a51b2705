/** Writes nodes in ONNX Runtime's blocked layout, and what they read besides the graph's own values. */
import { invariant } from "../errors.ts";
import type { Value } from "../graph/index.ts";
import type { ModelSink } from "../onnx/index.ts";
import { int64s } from "../onnx/int64s.ts";
import type { OnnxNode } from "../onnx/protobuf.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { blockedDomain } from "./domains.ts";

/** What this machine's ONNX Runtime can do with channels in blocks. */
export interface BlockedLayout {
  /** Channels of a block. */
  readonly size: number;
  /** Whether a convolution of fewer channels than a block has may be one of groups. Newer versions refuse it. */
  readonly hasGroups: boolean;
}

type Attributes = OnnxNode["attributes"];

/** A value of the model, and the shape that it must have. */
type Shaped = Pick<Value, "name" | "shape">;

interface BlockedConvolution {
  readonly x: Shaped;
  /** [Cout, Cin, kH, kW], in blocks. */
  readonly kernels: Shaped;
  readonly bias?: Shaped | undefined;
  /** The name of what is added to the result, in blocks. */
  readonly summand?: string | undefined;
  /** Whether what is negative becomes 0 in the end. */
  readonly hasRelu?: boolean;
  readonly group: number;
  readonly strides: { readonly ints: readonly number[] };
  readonly pads: { readonly ints: readonly number[] };
  readonly dilations?: { readonly ints: readonly number[] };
}

export class BlockedWriter {
  readonly layout: BlockedLayout;
  readonly #sink: ModelSink;
  /** Values that are there already, by name. */
  readonly #known = new Set<string>();

  constructor(layout: BlockedLayout, sink: ModelSink) {
    this.layout = layout;
    this.#sink = sink;
  }

  /** Whether `name` was asked for before; from now on it is known. */
  isKnown(name: string): boolean {
    const isKnown = this.#known.has(name);
    this.#known.add(name);
    return isKnown;
  }

  /** The name of x in blocks; a single channel stays as it is. */
  inBlocks(x: Shaped): string {
    if (x.shape[1] === 1) return x.name;
    const blocks = blocksOf(x);
    if (!this.isKnown(blocks)) this.reorderInput(x, blocks);
    return blocks;
  }

  /** Whether x is there in blocks. */
  hasBlocksOf(x: Shaped): boolean {
    return this.#known.has(blocksOf(x));
  }

  /** The name under which the caller writes x in blocks. */
  newBlocksOf(x: Shaped): string {
    const blocks = blocksOf(x);
    invariant(!this.isKnown(blocks), `${blocks} is written once`);
    return blocks;
  }

  reshape(name: string, output: string, shape: readonly number[]): string {
    const sizes = this.constant(`shape ${shape.join("x")}`, int64s(shape));
    return this.plain("Reshape", [name, sizes], output, {});
  }

  constant(name: string, tensor: Tensor): string {
    if (!this.isKnown(name)) this.#sink.constant(name, tensor);
    return name;
  }

  /** One of ONNX's own operators. */
  plain(operator: string, inputs: readonly string[], output: string, attributes: Attributes): string {
    this.#sink.node({ operator, name: output, inputs, outputs: [output], attributes });
    return output;
  }

  /** Brings b channels of a pixel together, [N, C, H, W]; where C is no multiple of b, older versions write beside the result. */
  reorderInput({ name, shape }: Shaped, output: string): string {
    const [, channels] = shape;
    invariant(shape.length === 4 && channels! % this.layout.size === 0, `${name} fills whole blocks`);
    return this.#blocked("ReorderInput", [name], output, {});
  }

  /** The other way, of which `channels` are taken: what is over in the last block is left out. */
  reorderOutput({ name, shape }: Shaped, channels: number, output: string): string {
    const open = shape[1]! - channels;
    const isWhole = shape.length === 4 && shape[1]! % this.layout.size === 0;
    invariant(isWhole && open >= 0 && open < this.layout.size, `${name} has ${channels} channels in blocks`);
    return this.#blocked("ReorderOutput", [name], output, { channels: { int: channels } });
  }

  /**
   * A convolution: of whole blocks, or of pictures of one channel for each group, which are as ONNX has them. Kernels are not checked by
   * ONNX Runtime, and where they do not fill blocks it would write beside the result.
   */
  convolve(
    { x, kernels, bias, summand, hasRelu = false, group, ...attributes }: BlockedConvolution,
    output: string,
  ): string {
    const { size } = this.layout;
    const [outChannels, inChannels, ...kernelShape] = kernels.shape;
    const isWhole = inChannels! % size === 0 && group === 1;
    const isSingle = inChannels === 1 && group < size;
    invariant(
      x.shape.length === 4 && kernels.shape.length === 4 && x.shape[1] === inChannels! * group,
      `${x.name} has the channels of ${kernels.name}`,
    );
    invariant(
      (isWhole || isSingle) && (outChannels! / group) % size === 0,
      `${kernels.name} fills whole blocks`,
    );
    invariant(bias === undefined || bias.shape[0] === outChannels, `${output} has a bias for each channel`);
    const optional = summand === undefined ? [bias?.name] : [bias?.name ?? "", summand];
    const inputs = [x.name, kernels.name, ...optional.filter((name) => name !== undefined)];
    return this.#blocked("Conv", inputs, output, {
      ...attributes,
      ...(hasRelu ? { activation: { string: "Relu" } } : {}),
      kernel_shape: { ints: kernelShape },
      group: { int: group },
    });
  }

  #blocked(operator: string, inputs: readonly string[], output: string, attributes: Attributes): string {
    this.#sink.node({ operator, domain: blockedDomain, name: output, inputs, outputs: [output], attributes });
    return output;
  }
}

const blocksOf = ({ name }: Shaped): string => `${name}:in blocks`;
