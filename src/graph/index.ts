export { GraphBuilder, renameComposite, type KnownGradient } from "./builder.ts";
export { checkGraph } from "./check-graph.ts";
export { fixedValues } from "./fixed-values.ts";
export { GraphCopy } from "./graph-copy.ts";
export type {
  Attention,
  Composite,
  Graph,
  GroupNormalization,
  Initializer,
  LinearAttention,
  Node,
  NodeOf,
  Value,
  ValueType,
  WeightGradient,
} from "./graph.ts";
export { formText, type ConvolutionForm, type ConvolutionPart, type Labels } from "./labels.ts";
export { infer, stackAxisOf } from "./infer.ts";
export type { Extent, OperatorAttributes, OperatorName, Pads, Reduction } from "./operators.ts";
export { print } from "./print.ts";
export { verify } from "./verify.ts";
