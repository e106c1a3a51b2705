/** Graphs drawn at random: rules must also fit together, with gradients that arrive from many uses and in many shapes. */
import { afterAll, expect, test } from "vitest";
import type { GraphBuilder, Value } from "../../src/graph/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { normal, type Case } from "./case.ts";
import { numericDeviations, numericGradients } from "./central-differences.ts";
import { above } from "./seeded-gradients.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

/** Sixteen operators in a row multiply what one loses. */
const tolerance = 1e-6;

type Step = (builder: GraphBuilder, a: Value, b: Value) => Value;

const unary =
  (operator: "Tanh" | "Sigmoid" | "Softplus" | "Neg" | "Identity"): Step =>
  (builder, a) =>
    builder.apply(operator, [a], {});

/** Limited to (-1, 1), so that no chain of products or exponentials overflows. */
const limited =
  (step: Step): Step =>
  (builder, a, b) =>
    builder.apply("Tanh", [step(builder, a, b)], {});

const binary = (operator: "Add" | "Sub" | "Mul"): Step =>
  limited((builder, a, b) => builder.apply(operator, [a, b], {}));

const reduce =
  (operator: "ReduceSum" | "ReduceMean" | "ReduceLogSumExp", axes: readonly number[]): Step =>
  (builder, a) =>
    builder.apply(operator, [a], { axes, keepdims: true });

/** Every step takes and gives [1 or 2, 1 or 3], so that all values broadcast with each other. */
const steps: readonly Step[] = [
  unary("Tanh"),
  unary("Sigmoid"),
  unary("Softplus"),
  unary("Neg"),
  unary("Identity"),
  binary("Add"),
  binary("Sub"),
  binary("Mul"),
  limited((builder, a) => builder.apply("Mul", [a, a], {})),
  limited((builder, a) => builder.apply("Exp", [a], {})),
  limited((builder, a, b) => builder.apply("Div", [a, builder.apply("Exp", [b], {})], {})),
  reduce("ReduceSum", [0]),
  reduce("ReduceMean", [1]),
  reduce("ReduceLogSumExp", [1]),
  reduce("ReduceMean", [0, 1]),
  (builder, a) => builder.apply("Softmax", [a], { axis: 1 }),
  (builder, a) => builder.apply("Expand", [a], { shape: [2, 3] }),
  (builder, a) => builder.apply("Slice", [a], { axes: [0], starts: [0], ends: [1] }),
  (builder, a) =>
    builder.apply("Reshape", [builder.apply("Reshape", [a], { shape: [1, ...a.shape] })], { shape: a.shape }),
  (builder, a, b) => {
    const turned = builder.apply("Transpose", [builder.apply("Expand", [b], { shape: [2, 3] })], {
      perm: [1, 0],
    });
    const wide = builder.apply("Expand", [a], { shape: [2, 3] });
    return builder.apply("MatMul", [builder.apply("MatMul", [wide, turned], {}), wide], {});
  },
];

/** A graph of 16 steps over two inputs; its result depends on the last values and on a sum over all. */
function randomCase(seed: number): Case {
  return {
    name: `graph ${seed}`,
    inputs: [normal(2, 3), normal(1, 3)],
    build: (builder, inputs) => {
      // Here, because a case is built more than once and must be the same each time.
      const generator = Generator.philox(seed);
      const pick = (below: number): number => Number(generator.randint(0, below, [1]).data[0]);
      const values = [...inputs];
      for (let i = 0; i < 16; i++) {
        const [a, b] = [values[pick(values.length)]!, values[pick(values.length)]!];
        values.push(steps[pick(steps.length)]!(builder, a, b));
      }
      return values.reduce((sum, value) => builder.apply("Add", [sum, value], {}));
    },
  };
}

test("the gradients of random graphs are those of central differences", async () => {
  const cases = [...Array(8).keys()].map(randomCase);
  const deviations = await numericDeviations(runtime, await numericGradients(runtime, cases));
  expect(deviations.length).toBeGreaterThan(8 * 6);
  expect(above(tolerance, deviations)).toEqual([]);
});
