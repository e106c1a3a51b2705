/** What computing a graph takes: multiplications and additions, and bytes that move. */
import type { Graph, Node } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";

const bytesPerElement = 4;

export interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

/** How fast a machine is. */
export interface Rates {
  readonly flopsPerSecond: number;
  readonly bytesPerSecond: number;
}

export function graphCost({ nodes }: Graph): Cost {
  return sumOf(nodes.map(nodeCost));
}

export const sumOf = (costs: readonly Cost[]): Cost =>
  costs.reduce((a, b) => ({ flops: a.flops + b.flops, bytes: a.bytes + b.bytes }), { flops: 0, bytes: 0 });

/** Products are bound by the processor, everything else by the memory. */
export const secondsOf = ({ flops, bytes }: Cost, { flopsPerSecond, bytesPerSecond }: Rates): number =>
  flops / flopsPerSecond + bytes / bytesPerSecond;

function nodeCost(node: Node): Cost {
  const { operator, inputs, output } = node;
  if (operator === "Reshape" || operator === "Identity") return { flops: 0, bytes: 0 };
  const elements = [...inputs, output].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const products = productsOf(node);
  return products > 0 ? { flops: 2 * products, bytes: 0 } : { flops: 0, bytes: elements * bytesPerElement };
}

function productsOf({ operator, inputs, output }: Node): number {
  if (operator === "MatMul") return sizeOf(output.shape) * inputs[0]!.shape.at(-1)!;
  if (operator !== "Conv" && operator !== "ConvTranspose") return 0;
  const pixels = operator === "Conv" ? output : inputs[0]!;
  return sizeOf(pixels.shape) * sizeOf(inputs[1]!.shape.slice(1));
}
