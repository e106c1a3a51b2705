/** A graph of one convolution with random weights, for rewrites to work on. */
import { GraphBuilder, type Graph, type Pads, type Value } from "../../src/graph/index.ts";
import type { BaseGenerator } from "../../src/random/index.ts";

export interface Sizes {
  readonly shape: readonly [number, number, number, number];
  readonly outChannels: number;
  readonly pads?: Pads;
  readonly hasBias?: boolean;
}

/** @param before what of the input x the convolution reads. @returns a graph of x, whose output is y */
export function convolutionGraph(
  generator: BaseGenerator,
  sizes: Sizes,
  before: (builder: GraphBuilder, x: Value) => Value = (_, x) => x,
): Graph {
  const { shape, outChannels, pads = [1, 1, 1, 1], hasBias = true } = sizes;
  const builder = new GraphBuilder("convolution");
  const x = before(builder, builder.input("x", "float32", shape));
  const weight = builder.constant("weight", generator.randn([outChannels, shape[1], 3, 3]));
  const bias = hasBias ? [builder.constant("bias", generator.randn([outChannels]))] : [];
  return builder.build({ y: builder.apply("Conv", [x, weight, ...bias], { strides: [1, 1], pads }) });
}
