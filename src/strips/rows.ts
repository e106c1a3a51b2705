/** Which rows of its input an operator reads for some rows of its output. */
import type { NodeOf, Node, OperatorName, Reduction } from "../graph/index.ts";

/** Rows begin … end - 1 of a picture. */
export interface Rows {
  readonly begin: number;
  readonly end: number;
}

/**
 * How an operator's rows depend on its inputs' rows: "same", row by row; a window that moves by `stride` and sees
 * `size` rows, the first of them `before` rows above; a block of rows from each row; or "all", not by rows.
 */
export type RowRule =
  | "same"
  | "all"
  | { readonly kind: "window"; readonly size: number; readonly stride: number; readonly before: number }
  | { readonly kind: "block"; readonly size: number };

const same = (): RowRule => "same";
const all = (): RowRule => "all";
/** Over the channels of each pixel, or of whole pictures. */
const reduction = ({ attributes: { axes, keepdims } }: { readonly attributes: Reduction }): RowRule =>
  axes.join() === "1" && keepdims ? "same" : "all";

const rowRules: { readonly [K in OperatorName]: (node: NodeOf<K>) => RowRule } = {
  Abs: same,
  Add: same,
  ArgMin: all,
  AveragePool: all,
  Cast: same,
  Clip: same,
  Concat: ({ attributes }) => (attributes.axis === 1 ? "same" : "all"),
  Conv: ({ inputs, attributes }) => ({
    kind: "window",
    size: inputs[1]!.shape[2]!,
    stride: attributes.strides[0],
    before: attributes.pads[0],
  }),
  ConvTranspose: ({ inputs, attributes: { strides, pads } }) => {
    const size = inputs[1]!.shape[2]!;
    // Kernels that lie beside each other: every row becomes a block of rows.
    return size === strides[0] && pads.every((pad) => pad === 0) ? { kind: "block", size } : "all";
  },
  DepthToSpace: ({ attributes: { side } }) => ({ kind: "block", size: side }),
  Div: same,
  Erf: same,
  Exp: same,
  Expand: all,
  Identity: same,
  InstanceNormalization: all,
  LeakyRelu: same,
  Log: same,
  MatMul: all,
  MaxPool: all,
  Mul: same,
  Neg: same,
  OneHot: all,
  Pad: all,
  ReduceLogSumExp: reduction,
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceSum: reduction,
  Relu: same,
  Reshape: all,
  Resize: ({ attributes }) => ({ kind: "block", size: attributes.scales[0] }),
  Sigmoid: same,
  Sign: same,
  Slice: ({ attributes: { axes } }) => (axes.every((axis) => axis === 1) ? "same" : "all"),
  Softmax: all,
  Softplus: same,
  Sqrt: same,
  Sub: same,
  Tanh: same,
  Transpose: all,
};

export function rowRule(node: Node): RowRule {
  // The table's key and the node's type are the same K, which TypeScript cannot see across a union.
  return (rowRules[node.operator] as (node: Node) => RowRule)(node);
}

/** The rows of the input that the rows of the output read, some of them perhaps outside of the picture. */
export function rowsRead(rule: Exclude<RowRule, "all">, { begin, end }: Rows): Rows {
  if (rule === "same") return { begin, end };
  if (rule.kind === "block") return { begin: Math.floor(begin / rule.size), end: Math.ceil(end / rule.size) };
  const first = begin * rule.stride - rule.before;
  return { begin: first, end: first + (end - begin - 1) * rule.stride + rule.size };
}

export const clip = ({ begin, end }: Rows, height: number): Rows => ({
  begin: Math.max(0, begin),
  end: Math.min(height, end),
});

/** The smallest range that holds both. */
export const union = (a: Rows | undefined, b: Rows): Rows =>
  a === undefined ? b : { begin: Math.min(a.begin, b.begin), end: Math.max(a.end, b.end) };

export const lengthOf = ({ begin, end }: Rows): number => end - begin;

export const moved = ({ begin, end }: Rows, by: number): Rows => ({ begin: begin + by, end: end + by });

/** The strips of `rowsPerStrip` rows that cover a picture, or some of them; the last one may have fewer rows. */
export function stripsOf(
  height: number,
  rowsPerStrip: number,
  first = 0,
  end = Math.ceil(height / rowsPerStrip),
): Rows[] {
  return Array.from({ length: end - first }, (_, index) => ({
    begin: (first + index) * rowsPerStrip,
    end: Math.min(height, (first + index + 1) * rowsPerStrip),
  }));
}
