/** At least one case for every operator; a new operator does not compile until it stands here. */
import type { GraphBuilder, OperatorName, Value } from "../../src/graph/index.ts";
import type { binaryOperators, unaryOperators } from "../graph/operators.ts";
import { nonzero, normal, only, positive, sixteenths, type Case } from "./case.ts";

/**
 * Cases in double precision, checked with central differences; or "golden": ONNX Runtime's processor has no
 * double kernel for the operator or for its gradient, so PyTorch's float64 autograd is the judge
 * (tools/reference/gradients.py); or "no gradient".
 */
export type OperatorCases = { readonly [K in OperatorName]: readonly Case[] | "golden" | "no gradient" };

type Elementwise = Exclude<(typeof unaryOperators)[number], "Sign">;

/** An elementwise operator on a matrix and on a scalar. */
const elementwise = (operator: Elementwise, values: typeof normal = normal): Case[] => [
  only(operator, "matrix", [values(3, 4)], {}),
  only(operator, "scalar", [values()], {}),
];

/** Every way in which two inputs may broadcast. */
const broadcast = (operator: (typeof binaryOperators)[number], right: typeof normal = normal): Case[] => [
  only(operator, "same shape", [normal(2, 3), right(2, 3)], {}),
  only(operator, "a row beside a matrix", [normal(2, 3), right(3)], {}),
  only(operator, "a matrix beside a row", [normal(3), right(2, 3)], {}),
  only(operator, "a column beside a matrix", [normal(2, 3), right(2, 1)], {}),
  only(operator, "a column and a row", [normal(3, 1), right(1, 2)], {}),
  only(operator, "a scalar on the right", [normal(2, 3), right()], {}),
  only(operator, "a scalar on the left", [normal(), right(2, 3)], {}),
  only(operator, "channels of pictures", [normal(2, 3, 2, 2), right(3, 1, 1)], {}),
  only(operator, "an inner axis of length 1", [normal(2, 1, 3), right(2, 4, 1)], {}),
  only(operator, "scalars", [normal(), right()], {}),
];

const reductions = (operator: "ReduceSum" | "ReduceMean" | "ReduceLogSumExp"): Case[] => [
  only(operator, "the last axis", [normal(2, 3, 4)], { axes: [2], keepdims: false }),
  only(operator, "the first axis, kept", [normal(2, 3)], { axes: [0], keepdims: true }),
  only(operator, "two axes apart", [normal(2, 3, 4)], { axes: [0, 2], keepdims: false }),
  only(operator, "two axes apart, kept", [normal(2, 3, 4)], { axes: [2, 0], keepdims: true }),
  only(operator, "all axes", [normal(3, 2)], { axes: [0, 1], keepdims: false }),
  only(operator, "an axis of length 1", [normal(3, 1, 2)], { axes: [1], keepdims: false }),
];

const apply = (builder: GraphBuilder, operator: "Mul" | "Sigmoid", ...inputs: Value[]): Value =>
  builder.apply(operator, inputs, {});

function plusGate(builder: GraphBuilder, x: Value, body: (gate: Value) => Value): Value {
  const gate = apply(builder, "Sigmoid", x);
  return builder.apply("Add", [body(gate), gate], {});
}

export const operatorCases: OperatorCases = {
  Abs: elementwise("Abs"),
  Add: [
    ...broadcast("Add"),
    { name: "twice the same", inputs: [normal(3)], build: (b, [x]) => b.apply("Add", [x!, x!], {}) },
  ],
  ArgMin: "no gradient",
  AveragePool: "golden",
  Cast: [
    only("Cast", "float64 to float32", [sixteenths(2, 3)], { to: "float32" }),
    only("Cast", "float32 to float64", [sixteenths(2, 3).toFloat32()], { to: "float64" }),
  ],
  Clip: [
    only("Clip", "both bounds", [normal(4, 5)], { min: -0.5, max: 0.75 }),
    only("Clip", "a lower bound", [normal(4, 5)], { min: 0.25 }),
    only("Clip", "an upper bound", [normal(4, 5)], { max: -0.25 }),
    only("Clip", "no bound", [normal(4)], {}),
  ],
  Concat: [
    only("Concat", "the first axis", [normal(1, 3), normal(2, 3)], { axis: 0 }),
    only("Concat", "an inner axis", [normal(2, 2, 2), normal(2, 2, 2), normal(2, 1, 2)], { axis: 1 }),
    only("Concat", "one input", [normal(2, 2)], { axis: 1 }),
    {
      name: "twice the same",
      inputs: [normal(2, 2), normal(2, 1)],
      build: (b, [x, y]) => b.apply("Concat", [x!, y!, x!], { axis: 1 }),
    },
  ],
  Conv: "golden",
  ConvTranspose: "golden",
  DepthToSpace: [
    only("DepthToSpace", "channels of a square together", [normal(2, 8, 1, 3)], { side: 2, mode: "CRD" }),
    only("DepthToSpace", "places of a square together", [normal(1, 18, 2, 1)], { side: 3, mode: "DCR" }),
  ],
  Div: [
    ...broadcast("Div", nonzero),
    { name: "x / x", inputs: [nonzero(3)], build: (b, [x]) => b.apply("Div", [x!, x!], {}) },
  ],
  Erf: "golden",
  Exp: elementwise("Exp"),
  Expand: [
    only("Expand", "a column", [normal(2, 1)], { shape: [2, 3] }),
    only("Expand", "more axes", [normal(3)], { shape: [2, 2, 3] }),
    only("Expand", "more axes, and one of length 1", [normal(2, 1)], { shape: [3, 2, 2] }),
    only("Expand", "a scalar", [normal()], { shape: [2, 2] }),
    only("Expand", "to its own shape", [normal(2, 2)], { shape: [2, 2] }),
  ],
  Identity: elementwise("Identity"),
  InstanceNormalization: "golden",
  LeakyRelu: [
    only("LeakyRelu", "alpha 0.25", [normal(4, 4)], { alpha: 0.25 }),
    only("LeakyRelu", "alpha 0", [normal(4, 4)], { alpha: 0 }),
    only("LeakyRelu", "alpha above 1", [normal(4, 4)], { alpha: 1.5 }),
  ],
  Log: elementwise("Log", positive),
  MatMul: [
    only("MatMul", "matrices", [normal(2, 3), normal(3, 4)], {}),
    only("MatMul", "a batch on both sides", [normal(2, 2, 3), normal(2, 3, 2)], {}),
    only("MatMul", "a batch on the left", [normal(3, 2, 3), normal(3, 2)], {}),
    only("MatMul", "a batch on the right", [normal(2, 3), normal(2, 3, 2)], {}),
    only("MatMul", "batches that broadcast", [normal(2, 1, 2, 3), normal(3, 3, 2)], {}),
    only("MatMul", "a row and a column", [normal(1, 3), normal(3, 1)], {}),
    { name: "x · x", inputs: [normal(3, 3)], build: (b, [x]) => b.apply("MatMul", [x!, x!], {}) },
  ],
  MaxPool: "golden",
  Mul: [
    ...broadcast("Mul"),
    { name: "x²", inputs: [normal(2, 3)], build: (b, [x]) => apply(b, "Mul", x!, x!) },
    // ONNX Runtime fuses a bare x · σ(x) into an operator without double kernel, so the sigmoid has a second use.
    {
      name: "x · σ(x), plus σ(x)",
      inputs: [normal(2, 3)],
      build: (b, [x]) => plusGate(b, x!, (gate) => apply(b, "Mul", x!, gate)),
    },
    {
      name: "σ(x) · x, plus σ(x)",
      inputs: [normal(2, 3)],
      build: (b, [x]) => plusGate(b, x!, (gate) => apply(b, "Mul", gate, x!)),
    },
    {
      name: "x · σ(x) · σ(x)",
      inputs: [normal(2, 3)],
      build: (b, [x]) => plusGate(b, x!, (gate) => apply(b, "Mul", apply(b, "Mul", x!, gate), gate)),
    },
    {
      name: "y · σ(x)",
      inputs: [normal(2, 3), normal(2, 3)],
      build: (b, [x, y]) => apply(b, "Mul", y!, apply(b, "Sigmoid", x!)),
    },
  ],
  Neg: elementwise("Neg"),
  OneHot: "no gradient",
  Pad: [
    only("Pad", "zeros on every side", [normal(2, 3)], { begins: [1, 2], ends: [2, 1] }),
    only("Pad", "cut off on every side", [normal(4, 5)], { begins: [-1, -2], ends: [-2, -1] }),
    only("Pad", "added before and cut off behind", [normal(3, 4)], { begins: [2, 0], ends: [-1, -2] }),
    only("Pad", "nothing", [normal(2, 2)], { begins: [0, 0], ends: [0, 0] }),
    only("Pad", "pictures, below and right", [normal(1, 2, 2, 3)], {
      begins: [0, 0, 0, 0],
      ends: [0, 0, 1, 1],
    }),
  ],
  ReduceLogSumExp: reductions("ReduceLogSumExp"),
  ReduceMax: "no gradient",
  ReduceMean: reductions("ReduceMean"),
  ReduceSum: reductions("ReduceSum"),
  Relu: elementwise("Relu"),
  Reshape: [
    only("Reshape", "a matrix", [normal(2, 6)], { shape: [3, 2, 2] }),
    only("Reshape", "to a scalar", [normal(1, 1)], { shape: [] }),
    only("Reshape", "from a scalar", [normal()], { shape: [1, 1] }),
  ],
  Resize: "golden",
  Sigmoid: elementwise("Sigmoid"),
  Sign: "no gradient",
  Slice: [
    only("Slice", "one axis", [normal(2, 5)], { axes: [1], starts: [1], ends: [4] }),
    only("Slice", "two axes, out of order", [normal(3, 4, 2)], {
      axes: [1, 0],
      starts: [2, 0],
      ends: [4, 2],
    }),
    only("Slice", "steps that end between", [normal(6)], { axes: [0], starts: [1], ends: [6], steps: [2] }),
    only("Slice", "steps on two axes", [normal(5, 7, 2)], {
      axes: [0, 1],
      starts: [0, 1],
      ends: [5, 6],
      steps: [2, 3],
    }),
    only("Slice", "a step beyond the end", [normal(2, 4)], { axes: [1], starts: [1], ends: [4], steps: [7] }),
    only("Slice", "everything", [normal(2, 2)], {
      axes: [0, 1],
      starts: [0, 0],
      ends: [2, 2],
      steps: [1, 1],
    }),
  ],
  Softmax: [
    only("Softmax", "the last axis", [normal(2, 2, 3)], { axis: 2 }),
    only("Softmax", "an inner axis", [normal(2, 3, 2)], { axis: 1 }),
    only("Softmax", "the first axis", [normal(3, 2)], { axis: 0 }),
  ],
  Softplus: elementwise("Softplus"),
  Sqrt: elementwise("Sqrt", positive),
  Sub: [
    ...broadcast("Sub"),
    {
      name: "x - 2 x, by the same value twice",
      inputs: [normal(3)],
      build: (b, [x]) => b.apply("Sub", [x!, b.apply("Add", [x!, x!], {})], {}),
    },
  ],
  Tanh: elementwise("Tanh"),
  Transpose: [
    only("Transpose", "a matrix", [normal(2, 3)], { perm: [1, 0] }),
    only("Transpose", "a cycle of three", [normal(2, 3, 2)], { perm: [1, 2, 0] }),
    only("Transpose", "a cycle of four", [normal(2, 1, 3, 2)], { perm: [3, 0, 1, 2] }),
  ],
};

export const operatorNames = Object.keys(operatorCases).sort() as OperatorName[];

/** The operators' names by how they are checked. */
export const numericOperators = operatorNames.filter((name) => Array.isArray(operatorCases[name]));
export const goldenOperators = operatorNames.filter((name) => operatorCases[name] === "golden");
export const operatorsWithoutGradient = operatorNames.filter((name) => operatorCases[name] === "no gradient");

/** The double-precision cases of an operator. */
export function numericCases(operator: OperatorName): readonly Case[] {
  const cases = operatorCases[operator];
  if (typeof cases === "string") throw new Error(`${operator} is checked otherwise: ${cases}`);
  return cases;
}
