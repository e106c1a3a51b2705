/** How long the nodes of a convolution take whose tiles are transformed one side after the other. */
import type { ConvolutionForm, Node } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import { isFar, toSeconds, type AlgorithmCost, type CostProfile, type SidedTile } from "./cost-profile.ts";

/** Numbers of a transformed tile for each of its outputs. */
const sumsPerOutput: Readonly<Record<SidedTile | "upsampling", number>> = {
  "4x4": 36 / 16,
  "4x1": 6 / 4,
  upsampling: 16 / 9,
};

/** Undefined for a node of any other kind. */
export function secondsBySides(node: Node, { sidedTiles }: CostProfile): number | undefined {
  const { form, part } = node.labels?.convolution ?? {};
  const tile = form === undefined ? undefined : tileOf(form);
  if (tile === undefined || sidedTiles === undefined) return undefined;
  const cost = sidedTiles[tile === "upsampling" ? "4x4" : tile];
  if (part === "product") return productSeconds(node, cost);
  // All of a transform counts where its last number is made: the second side's, or the only one's.
  if (part === "input") return isLastTransform(node) ? secondsOfNumbers(node, cost, cost.input) : 0;
  return node.operator === "Transpose" ? secondsOfNumbers(node, cost, cost.output, sumsPerOutput[tile]) : 0;
}

function tileOf(form: ConvolutionForm): SidedTile | "upsampling" | undefined {
  if (form.kind === "winograd by sides") return form.tile;
  return form.kind === "upsampling in tiles" ? "upsampling" : undefined;
}

/** The transform of columns, whose kernels are one pixel wide, comes after that of rows. */
const isLastTransform = ({ operator, inputs }: Node): boolean =>
  operator === "Conv" && inputs[1]!.shape.at(-1) === 1;

/** What the input's transform and the products make lies in memory together, and is about as large. */
function secondsOfNumbers({ output }: Node, { far }: AlgorithmCost, price: number, each = 1): number {
  const count = sizeOf(output.shape) * each;
  return toSeconds((price + (isFar(2 * count) ? far : 0)) * count);
}

function productSeconds({ operator, inputs, output }: Node, cost: AlgorithmCost): number {
  if (operator !== "Conv" && operator !== "MatMul") return 0;
  const [left, right] = inputs.map(({ shape }) => shape);
  const kernels = operator === "Conv" ? right! : left!;
  const summands = operator === "Conv" ? sizeOf(kernels.slice(1)) : kernels.at(-1)!;
  return toSeconds(2 * summands * sizeOf(output.shape) * cost.flop + sizeOf(kernels) * cost.weight);
}
