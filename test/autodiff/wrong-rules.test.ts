/** Planted faults: the judges of rules.test.ts must find each of them, or they prove nothing. */
import { afterAll, describe, expect, test } from "vitest";
import { gradientRules, type GradientRule, type GradientRules } from "../../src/autodiff/index.ts";
import type { GraphBuilder, NodeOf, OperatorName, Value } from "../../src/graph/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { doubleTolerance, numericDeviations, numericGradients } from "./central-differences.ts";
import { goldenCases, goldenDeviations, singleTolerance } from "./goldens.ts";
import { goldenOperators, numericCases, numericOperators } from "./operator-cases.ts";
import { above } from "./seeded-gradients.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const numeric = new Map<OperatorName, ReturnType<typeof numericGradients>>();

/** What the judge of `operator` finds wrong with its cases under `rules`. */
async function complaints(operator: OperatorName, rules: GradientRules): Promise<string[]> {
  if (goldenOperators.includes(operator)) {
    return above(singleTolerance, await goldenDeviations(runtime, operator, rules));
  }
  const known = numeric.get(operator) ?? numericGradients(runtime, numericCases(operator));
  numeric.set(operator, known);
  return above(doubleTolerance, await numericDeviations(runtime, await known, rules));
}

/** The rules of src, one of them replaced. */
const withRule = <K extends OperatorName>(operator: K, rule: GradientRule<K>): GradientRules => ({
  ...gradientRules,
  [operator]: rule,
});

/** The right rule of an operator, to be spoilt. */
function right<K extends OperatorName>(operator: K): GradientRule<K> {
  const rule: GradientRules[K] = gradientRules[operator];
  if (typeof rule !== "function") throw new Error(`${operator} has no gradient`);
  return rule;
}

const scaled = (builder: GraphBuilder, x: Value, factor: number): Value => {
  const constant =
    x.dtype === "float64"
      ? Tensor.from(Float64Array.of(factor), [])
      : Tensor.from(Float32Array.of(factor), []);
  return builder.apply("Mul", [x, builder.constant(`test ${x.dtype}(${factor})`, constant)], {});
};

/** The right rule, but the gradient with respect to input `index` is too large by a thousandth. */
function tooLarge<K extends OperatorName>(operator: K, index: number): GradientRule<K> {
  return (node, dy, context) =>
    right(operator)(node, dy, context).map((each, i) =>
      i === index && each !== undefined ? scaled(context.builder, each, 1.001) : each,
    );
}

/** The right rule for a node with other attributes or inputs. */
const confused =
  <K extends OperatorName>(
    operator: K,
    change: (node: NodeOf<K>, builder: GraphBuilder) => Partial<NodeOf<K>>,
  ): GradientRule<K> =>
  (node, dy, context) =>
    right(operator)({ ...node, ...change(node, context.builder) }, dy, context);

const inputCount = (operator: OperatorName): number =>
  goldenOperators.includes(operator)
    ? Math.max(...goldenCases(operator).map(({ inputs }) => inputs))
    : Math.max(...numericCases(operator).map(({ inputs }) => inputs.length));

describe("an error of a thousandth is found in the gradient of", () => {
  const inputs = [...numericOperators, ...goldenOperators].flatMap((operator) =>
    [...Array(inputCount(operator)).keys()].map((index) => [operator, index] as const),
  );
  test.each(inputs)("%s with respect to input %i", async (operator, index) => {
    const found = await complaints(operator, withRule(operator, tooLarge(operator, index)));
    expect(found).not.toEqual([]);
  });
});

const apply = (
  builder: GraphBuilder,
  operator: "Add" | "Sub" | "Mul" | "Div" | "Neg" | "Exp",
  ...inputs: Value[]
): Value => builder.apply(operator, inputs, {});

/** Takes the first of what broadcasting repeated, where the sum of all is right. */
function firstTo(builder: GraphBuilder, x: Value, shape: readonly number[]): Value {
  const added = x.shape.length - shape.length;
  const repeated = [...x.shape.keys()].filter((axis) => axis < added || shape[axis - added] === 1);
  if (repeated.length === 0) return x;
  const [starts, ends] = [repeated.map(() => 0), repeated.map(() => 1)];
  return builder.apply("Reshape", [builder.apply("Slice", [x], { axes: repeated, starts, ends })], { shape });
}

/** The kernels turned by 180 degrees, by two slices of single taps each way: for 3x3 only through Concat. */
function turned(builder: GraphBuilder, weight: Value): Value {
  const reversed = (x: Value, axis: number): Value => {
    const taps = [...Array(x.shape[axis]).keys()].reverse();
    const parts = taps.map((tap) =>
      builder.apply("Slice", [x], { axes: [axis], starts: [tap], ends: [tap + 1] }),
    );
    return builder.apply("Concat", parts, { axis });
  };
  return reversed(reversed(weight, 2), 3);
}

type Fault = {
  [K in OperatorName]: readonly [what: string, operator: K, rule: GradientRule<K>];
}[OperatorName];

/** Names an operator's fault; the type of the rule follows from the operator. */
const fault = <K extends OperatorName>(operator: K, what: string, rule: GradientRule<K>): Fault =>
  [what, operator, rule] as unknown as Fault;

const faults: readonly Fault[] = [
  fault("Neg", "a forgotten sign", (_, dy) => [dy]),
  fault("Sub", "the sign of the second input", (node, dy, context) =>
    right("Add")({ ...node, operator: "Add" }, dy, context),
  ),
  fault("Add", "the first of what was broadcast instead of the sum", ({ inputs }, dy, { builder }) =>
    inputs.map(({ shape }) => firstTo(builder, dy, shape)),
  ),
  fault("Expand", "the first of what was broadcast instead of the sum", ({ inputs }, dy, { builder }) => [
    firstTo(builder, dy, inputs[0]!.shape),
  ]),
  fault(
    "Mul",
    "exchanged factors",
    confused("Mul", ({ inputs: [a, b] }) => ({
      inputs: [a!, a!.shape.join() === b!.shape.join() ? a! : b!],
    })),
  ),
  fault("Div", "a quotient by the numerator", ({ inputs: [a, b], output }, dy, context) => {
    const [toA] = right("Div")({ operator: "Div", attributes: {}, inputs: [a!, b!], output }, dy, context);
    const [, toB] = right("Sub")({ operator: "Sub", attributes: {}, inputs: [a!, b!], output }, dy, context);
    return [toA, toB];
  }),
  fault("Abs", "no sign", (_, dy) => [dy]),
  fault("Relu", "no mask", (_, dy) => [dy]),
  fault("LeakyRelu", "the slopes of a plain relu", (node, dy, context) => [
    apply(
      context.builder,
      "Mul",
      dy,
      context.builder.apply("Sign", [context.builder.apply("Relu", [node.inputs[0]!], {})], {}),
    ),
  ]),
  fault(
    "Clip",
    "no upper bound",
    confused("Clip", ({ attributes: { min } }) => ({ attributes: { min } })),
  ),
  fault(
    "Clip",
    "no lower bound",
    confused("Clip", ({ attributes: { max } }) => ({ attributes: { max } })),
  ),
  fault("Exp", "the input for the output", (node, dy, { builder }) => [
    apply(builder, "Mul", dy, node.inputs[0]!),
  ]),
  fault("Log", "a product for the quotient", (node, dy, { builder }) => [
    apply(builder, "Mul", dy, node.inputs[0]!),
  ]),
  fault("Sqrt", "a forgotten half", (node, dy, { builder }) => [apply(builder, "Div", dy, node.output)]),
  fault("Tanh", "the derivative of a sigmoid", (node, dy, context) =>
    right("Sigmoid")({ ...node, operator: "Sigmoid" }, dy, context),
  ),
  fault("Sigmoid", "a forgotten square", (node, dy, { builder }) => [apply(builder, "Mul", dy, node.output)]),
  fault("Softplus", "the output for the sigmoid", (node, dy, { builder }) => [
    apply(builder, "Mul", dy, node.output),
  ]),
  fault("Erf", "a forgotten minus in the exponent", (node, dy, { builder }) => {
    const x = node.inputs[0]!;
    const wrong = apply(builder, "Exp", apply(builder, "Mul", x, x));
    return [scaled(builder, apply(builder, "Mul", dy, wrong), 2 / Math.sqrt(Math.PI))];
  }),
  fault("Softmax", "the diagonal of the Jacobian alone", (node, dy, { builder }) => {
    const y = node.output;
    const slope = apply(builder, "Sub", y, apply(builder, "Mul", y, y));
    return [apply(builder, "Mul", dy, slope)];
  }),
  fault("ReduceMean", "a sum", (node, dy, context) =>
    right("ReduceSum")({ ...node, operator: "ReduceSum" }, dy, context),
  ),
  fault("ReduceLogSumExp", "a sum", (node, dy, context) =>
    right("ReduceSum")({ ...node, operator: "ReduceSum" }, dy, context),
  ),
  fault("InstanceNormalization", "statistics taken as constants", (node, dy, context) => {
    const { builder } = context;
    const [, toScale, toBias] = right("InstanceNormalization")(node, dy, context);
    const factor = builder.apply("Reshape", [node.inputs[1]!], {
      shape: [node.inputs[1]!.shape[0]!, ...node.inputs[0]!.shape.slice(2).map(() => 1)],
    });
    return [context.wants(0) ? apply(builder, "Mul", dy, factor) : undefined, toScale, toBias];
  }),
  fault("Transpose", "the same permutation instead of its inverse", (node, dy, { builder }) => {
    const back = builder.apply("Transpose", [dy], node.attributes);
    return [builder.apply("Reshape", [back], { shape: node.inputs[0]!.shape })];
  }),
  fault("Concat", "the first part for every input", (node, dy, context) => {
    const parts = right("Concat")(node, dy, context);
    const sameShape = (a: Value | undefined, b: Value | undefined): boolean =>
      a?.shape.join() === b?.shape.join();
    return parts.map((part) => (sameShape(part, parts[0]) ? parts[0] : part));
  }),
  fault(
    "Slice",
    "a place one too early",
    confused("Slice", ({ attributes }) => {
      const by = attributes.starts.every((start) => start > 0) ? 1 : 0;
      const moved = (places: readonly number[]): number[] => places.map((place) => place - by);
      return {
        attributes: { ...attributes, starts: moved(attributes.starts), ends: moved(attributes.ends) },
      };
    }),
  ),
  fault(
    "Pad",
    "exchanged sides",
    confused("Pad", ({ attributes: { begins, ends } }) => ({ attributes: { begins: ends, ends: begins } })),
  ),
  fault("Resize", "the mean of a block instead of its sum", ({ attributes: { scales } }, dy, { builder }) => [
    builder.apply("AveragePool", [dy], { kernelShape: scales, strides: scales }),
  ]),
  fault("AveragePool", "the whole gradient for each element", (node, dy, context) => {
    const { kernelShape } = node.attributes;
    const whole = scaled(context.builder, dy, kernelShape[0] * kernelShape[1]);
    return right("AveragePool")(node, whole, context);
  }),
  fault("MaxPool", "equal shares for all elements", (node, dy, context) =>
    right("AveragePool")({ ...node, operator: "AveragePool" }, dy, context),
  ),
  fault("MatMul", "a batch's first product instead of the sum", (node, dy, context) => {
    const { builder } = context;
    const [a, b] = node.inputs as [Value, Value];
    const batched = (x: Value): Value =>
      builder.apply("Expand", [x], { shape: [...dy.shape.slice(0, -2), ...x.shape.slice(-2)] });
    const inputs = [batched(a), batched(b)];
    const full = right("MatMul")({ ...node, inputs }, dy, context);
    return full.map((each, i) => each && firstTo(builder, each, node.inputs[i]!.shape));
  }),
  fault(
    "Conv",
    "a kernel that is not turned",
    confused("Conv", ({ inputs: [x, weight, ...bias] }, builder) => ({
      inputs: [x!, turned(builder, weight!), ...bias],
    })),
  ),
  fault(
    "Conv",
    "exchanged sides of the padding",
    confused("Conv", ({ attributes }) => {
      const [top, left, bottom, right] = attributes.pads;
      return { attributes: { ...attributes, pads: [bottom, right, top, left] } };
    }),
  ),
  fault(
    "Conv",
    "rows for columns in the padding",
    confused("Conv", ({ attributes, inputs: [x, weight] }) => {
      const [top, left, bottom, right] = attributes.pads;
      const sameSizes = x!.shape[2] === x!.shape[3] && weight!.shape[2] === weight!.shape[3];
      const pads =
        sameSizes && top + bottom === left + right ? ([left, top, right, bottom] as const) : attributes.pads;
      return { attributes: { ...attributes, pads } };
    }),
  ),
  fault(
    "ConvTranspose",
    "exchanged sides of the padding",
    confused("ConvTranspose", ({ attributes }) => {
      const [top, left, bottom, right] = attributes.pads;
      return { attributes: { ...attributes, pads: [bottom, right, top, left] } };
    }),
  ),
];

describe("a wrong rule is found:", () => {
  test.each(faults)("%s (%s)", async (_, operator, rule) => {
    expect(await complaints(operator, { ...gradientRules, [operator]: rule })).not.toEqual([]);
  });
});

test("a gradient of another shape than its value's is a fault of vaekit", async () => {
  const rules = withRule("Add", (_, dy) => [dy, dy]);
  await expect(complaints("Add", rules)).rejects.toThrow(/^internal: the gradient of .* is not of its shape/);
});
