/** How long a graph takes, node by node. */
import {
  fixedValues,
  type ConvolutionPart,
  type Graph,
  type Node,
  type OperatorName,
} from "../graph/index.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";
import { secondsBySides } from "./estimate-by-sides.ts";
import {
  isFar,
  secondsOf,
  shapeOfConvolution,
  toSeconds,
  workOf,
  type AlgorithmCost,
  type CostProfile,
} from "./cost-profile.ts";

export interface NodeEstimate {
  readonly seconds: number;
}

/** For an operator of so many elements. */
const elementPrice = (count: number, { element, farElement }: CostProfile): number =>
  isFar(2 * count) ? farElement : element;

type Estimator = (node: Node, profile: CostProfile) => number;

const nothing: Estimator = () => 0;
/** An element of the output, or of what is reduced to it. */
const elementwise: Estimator = ({ inputs, output }, profile) =>
  secondsOfMoving(Math.max(sizeOf(output.shape), ...inputs.map(({ shape }) => sizeOf(shape))), profile);

const secondsOfMoving = (elements: number, profile: CostProfile): number =>
  toSeconds(elementPrice(elements, profile) * elements);
const convolution: Estimator = (node, profile) => convolutionSeconds(node, profile);

const estimators: { readonly [K in OperatorName]: Estimator } = {
  Abs: elementwise,
  Add: elementwise,
  ArgMin: elementwise,
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
  OneHot: elementwise,
  Pad: elementwise,
  ReduceLogSumExp: elementwise,
  ReduceMax: elementwise,
  ReduceMean: elementwise,
  ReduceSum: elementwise,
  Relu: elementwise,
  Reshape: nothing,
  Resize: elementwise,
  Sigmoid: elementwise,
  Sign: elementwise,
  Slice: ({ output }, profile) => secondsOfMoving(sizeOf(output.shape), profile),
  Softmax: elementwise,
  Softplus: elementwise,
  Sqrt: elementwise,
  Sub: elementwise,
  Tanh: elementwise,
  // ONNX Runtime takes the transposition of a product's factors into it; that of what it gives is in the product's price.
  Transpose: (node, profile) => (node.labels?.convolution === undefined ? elementwise(node, profile) : 0),
};

/** A node as it stands: a convolution that was not rewritten is computed directly. */
export function estimateNode(node: Node, profile: CostProfile): NodeEstimate {
  return { seconds: secondsBySides(node, profile) ?? estimators[node.operator](node, profile) };
}

/** All nodes that depend on an input; the others are computed when a session is made. */
export function secondsOfGraph(graph: Graph, profile: CostProfile): number {
  const fixed = fixedValues(graph);
  const nodes =
    graph.inputs.length === 0 ? graph.nodes : graph.nodes.filter(({ output }) => !fixed.has(output.name));
  return nodes.reduce((sum, node) => sum + estimateNode(node, profile).seconds, 0);
}

/** Of a form by transforms; the upsamplings' are nobody's own, and tiles of 4 are the most like them. */
function costOf(
  { labels }: Node,
  part: ConvolutionPart["part"],
  { tiles }: CostProfile,
): Transform | undefined {
  if (labels?.convolution?.part !== part) return undefined;
  const { form } = labels.convolution;
  const tile = form.kind === "winograd" ? form.tile : 2;
  const cost =
    form.kind === "winograd" ? tiles[tile] : form.kind === "upsampling by differences" ? tiles[4] : undefined;
  return cost && { cost, tile };
}

interface Transform {
  readonly cost: AlgorithmCost;
  /** Outputs along a side of a tile. */
  readonly tile: number;
}

/** What the input's transform and the products make lies in memory together, and is about as large. */
const farPrice = (elements: number, cost: AlgorithmCost): number => (isFar(2 * elements) ? cost.far : 0);

function convolutionSeconds(node: Node, profile: CostProfile): number {
  const cost = costOf(node, "input", profile)?.cost;
  if (cost === undefined) return secondsOf(workOf(shapeOfConvolution(node), "direct"), profile.direct);
  const elements = sizeOf(node.output.shape);
  return toSeconds((cost.input + farPrice(elements, cost)) * elements);
}

/** Of `joinTiles`: a Transpose and a Concat of all pixels, and a Slice for each column of a tile. With the channels last it is less. */
function secondsOfJoining(pixels: number, columns: number, profile: CostProfile): number {
  return 2 * secondsOfMoving(pixels, profile) + columns * secondsOfMoving(pixels / columns, profile);
}

function productSeconds(node: Node, profile: CostProfile): number {
  const [left, right] = node.inputs.map(({ shape }) => shape) as [Shape, Shape];
  const back = costOf(node, "output", profile);
  if (back !== undefined) {
    const elements = sizeOf(right);
    // The price of an element of the product is for everything that follows; what joins the tiles is counted by itself.
    const all = toSeconds((back.cost.output + farPrice(elements, back.cost)) * elements);
    return Math.max(0, all - secondsOfJoining(sizeOf(node.output.shape), back.tile, profile));
  }
  const flops = 2 * sizeOf(node.output.shape) * left.at(-1)!;
  const transform = costOf(node, "product", profile);
  const cost = transform?.cost ?? profile.direct;
  const weights = transform === undefined ? 0 : sizeOf(left);
  return toSeconds(cost.flop * flops + cost.weight * weights);
}
