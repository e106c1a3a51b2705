/** How long a graph takes, node by node. */
import type { Graph, Node, OperatorName } from "../graph/index.ts";
import type { TileSize } from "../rewrite/index.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";
import {
  secondsOf,
  shapeOfConvolution,
  tileSizes,
  toSeconds,
  workOf,
  type CostProfile,
} from "./cost-profile.ts";

export interface NodeEstimate {
  readonly seconds: number;
}

type Estimator = (node: Node, profile: CostProfile) => number;

const nothing: Estimator = () => 0;
/** An element of the output, or of what is reduced to it. */
const elementwise: Estimator = ({ inputs, output }, profile) => {
  const largest = Math.max(sizeOf(output.shape), ...inputs.map(({ shape }) => sizeOf(shape)));
  return toSeconds(profile.element * largest);
};
const convolution: Estimator = (node, profile) => convolutionSeconds(node, profile);

const estimators: { readonly [K in OperatorName]: Estimator } = {
  Abs: elementwise,
  Add: elementwise,
  AveragePool: elementwise,
  Cast: elementwise,
  Clip: elementwise,
  Concat: elementwise,
  Conv: convolution,
  ConvTranspose: convolution,
  DepthToSpace: elementwise,
  Div: elementwise,
  Erf: elementwise,
  Exp: elementwise,
  Expand: elementwise,
  Identity: nothing,
  InstanceNormalization: elementwise,
  LeakyRelu: elementwise,
  Log: elementwise,
  MatMul: (node, profile) => productSeconds(node, profile),
  MaxPool: elementwise,
  Mul: elementwise,
  Neg: elementwise,
  Pad: elementwise,
  ReduceLogSumExp: elementwise,
  ReduceMean: elementwise,
  ReduceSum: elementwise,
  Relu: elementwise,
  Reshape: nothing,
  Resize: elementwise,
  Sigmoid: elementwise,
  Sign: elementwise,
  Slice: elementwise,
  Softmax: elementwise,
  Softplus: elementwise,
  Sqrt: elementwise,
  Sub: elementwise,
  Tanh: elementwise,
  // ONNX Runtime takes the transposition of a tile's planes into their product.
  Transpose: (node, profile) =>
    tileOfPlanes(node.output.shape) === undefined ? elementwise(node, profile) : 0,
};

/** A node as it stands: a convolution that was not rewritten is computed directly. */
export function estimateNode(node: Node, profile: CostProfile): NodeEstimate {
  return { seconds: estimators[node.operator](node, profile) };
}

/** All nodes that depend on an input; the others are computed when a session is made. */
export function secondsOfGraph(graph: Graph, profile: CostProfile): number {
  const fixed = fixedValues(graph);
  const nodes =
    graph.inputs.length === 0 ? graph.nodes : graph.nodes.filter(({ output }) => !fixed.has(output.name));
  return nodes.reduce((sum, node) => sum + estimateNode(node, profile).seconds, 0);
}

/** Names of the values that depend on initializers alone. */
export function fixedValues(graph: Graph): Set<string> {
  const fixed = new Set(graph.initializers.map(({ value }) => value.name));
  for (const { inputs, output } of graph.nodes) {
    if (inputs.every(({ name }) => fixed.has(name))) fixed.add(output.name);
  }
  return fixed;
}

/** The tile of Winograd's convolution whose transformation a node is; see rewrite/winograd.ts for the names. */
export function winogradPartOf({ inputs }: Node): { part: "input" | "output"; tile: TileSize } | undefined {
  for (const { name } of inputs) {
    const match = /^winograd_(input|output)_([246])$/.exec(name);
    if (match !== null) return { part: match[1] as "input" | "output", tile: Number(match[2]) as TileSize };
  }
  return undefined;
}

function convolutionSeconds(node: Node, profile: CostProfile): number {
  const part = winogradPartOf(node);
  const cost = part === undefined ? undefined : profile.tiles[part.tile];
  if (cost !== undefined) return toSeconds(cost.input * sizeOf(node.output.shape));
  return secondsOf(workOf(shapeOfConvolution(node), "direct"), profile.direct);
}

function productSeconds(node: Node, profile: CostProfile): number {
  const [left, right] = node.inputs.map(({ shape }) => shape) as [Shape, Shape];
  const part = winogradPartOf(node);
  const ofPart = part === undefined ? undefined : profile.tiles[part.tile];
  // The price of an element of the product is for everything that follows; its DepthToSpace is counted by itself.
  if (ofPart !== undefined) {
    const all = ofPart.output * sizeOf(right) - profile.element * sizeOf(node.output.shape);
    return toSeconds(Math.max(0, all));
  }
  const flops = 2 * sizeOf(node.output.shape) * left.at(-1)!;
  const tile = tileOfPlanes(left);
  const cost = (tile === undefined ? undefined : profile.tiles[tile]) ?? profile.direct;
  const weights = tile === undefined ? 0 : sizeOf(left);
  return toSeconds(cost.flop * flops + cost.weight * weights);
}

/** The tile whose planes lie along the third last axis: (m + 2)² of them. */
const tileOfPlanes = (shape: Shape): TileSize | undefined =>
  tileSizes.find((tile) => shape.length >= 3 && shape.at(-3) === (tile + 2) ** 2);
