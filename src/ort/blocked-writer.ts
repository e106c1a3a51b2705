/** Writes nodes in ONNX Runtime's blocked layout, and what they read besides the graph's own values. */
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
  inBlocks({ name, shape }: Value): string {
    if (shape[1] === 1) return name;
    const blocks = `${name}:in blocks`;
    if (!this.isKnown(blocks)) this.blocked("ReorderInput", [name], blocks, {});
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

  /** One of ONNX Runtime's operators on blocks. */
  blocked(operator: string, inputs: readonly string[], output: string, attributes: Attributes): string {
    this.#sink.node({ operator, domain: blockedDomain, name: output, inputs, outputs: [output], attributes });
    return output;
  }
}
