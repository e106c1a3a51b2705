/** Every operator's gradient, or the reason why it has none. */
import type { OperatorName } from "../../graph/index.ts";
import type { GradientRule, NoGradient } from "../rule.ts";
import { convGradient, convTransposeGradient } from "./convolution.ts";
import * as elementwise from "./elementwise.ts";
import * as reduction from "./reduction.ts";
import * as shape from "./shape.ts";

export type GradientRules = { readonly [K in OperatorName]: GradientRule<K> | NoGradient };

export const gradientRules: GradientRules = {
  Abs: elementwise.absGradient,
  Add: elementwise.addGradient,
  ArgMin: { reason: "it gives whole numbers, which jump" },
  AveragePool: shape.averagePoolGradient,
  Cast: elementwise.castGradient,
  Clip: elementwise.clipGradient,
  Concat: shape.concatGradient,
  Conv: convGradient,
  ConvTranspose: convTransposeGradient,
  DepthToSpace: shape.depthToSpaceGradient,
  Div: elementwise.divGradient,
  Erf: elementwise.erfGradient,
  Exp: elementwise.expGradient,
  Expand: shape.expandGradient,
  Identity: elementwise.identityGradient,
  InstanceNormalization: reduction.instanceNormalizationGradient,
  LeakyRelu: elementwise.leakyReluGradient,
  Log: elementwise.logGradient,
  MatMul: shape.matMulGradient,
  MaxPool: shape.maxPoolGradient,
  Mul: elementwise.mulGradient,
  Neg: elementwise.negGradient,
  OneHot: { reason: "it is constant between the jumps of its indices" },
  Pad: shape.padGradient,
  ReduceLogSumExp: reduction.reduceLogSumExpGradient,
  ReduceMax: {
    reason: "where several numbers are the largest, it has more than one; no loss or model needs it",
  },
  ReduceMean: reduction.reduceMeanGradient,
  ReduceSum: reduction.reduceSumGradient,
  Relu: elementwise.reluGradient,
  Reshape: shape.reshapeGradient,
  Resize: shape.resizeGradient,
  Sigmoid: elementwise.sigmoidGradient,
  Sign: { reason: "it is constant between its jumps; a mask made with it is taken as given" },
  Slice: shape.sliceGradient,
  Softmax: reduction.softmaxGradient,
  Softplus: elementwise.softplusGradient,
  Sqrt: elementwise.sqrtGradient,
  Sub: elementwise.subGradient,
  Tanh: elementwise.tanhGradient,
  Transpose: shape.transposeGradient,
};
