/** Every gradient rule against central differences in double precision, or against PyTorch where there is none. */
import { afterAll, describe, expect, test } from "vitest";
import { gradients, gradientRules } from "../../src/autodiff/index.ts";
import { GraphBuilder, type OperatorName } from "../../src/graph/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { doubleTolerance, numericDeviations, numericGradients } from "./central-differences.ts";
import { goldenDeviations, goldenGraph, singleTolerance } from "./goldens.ts";
import {
  goldenOperators,
  numericCases,
  numericOperators,
  operatorsWithoutGradient,
} from "./operator-cases.ts";
import { above } from "./seeded-gradients.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

describe("in double precision, the gradient is that of central differences for", () => {
  test.each(numericOperators)("%s", async (operator) => {
    const deviations = await numericDeviations(
      runtime,
      await numericGradients(runtime, numericCases(operator)),
    );
    expect(deviations.length).toBeGreaterThan(0);
    expect(above(doubleTolerance, deviations)).toEqual([]);
  });

  test("at least three operators out of four", () => {
    expect(numericOperators.length).toBeGreaterThan(3 * goldenOperators.length);
  });
});

describe("in single precision, value and gradient are PyTorch's for", () => {
  test.each(goldenOperators)("%s", async (operator) => {
    expect(above(singleTolerance, await goldenDeviations(runtime, operator))).toEqual([]);
  });
});

describe("ONNX Runtime's processor has no double kernel for the value or the gradient of", () => {
  test.each(goldenOperators)("%s, which is why PyTorch judges it", async (operator) => {
    const { graph } = goldenGraph(operator, "float64");
    await expect(runtime.createSession(graph)).rejects.toThrow("Could not find an implementation");
  });
});

describe("each case of the table contains its operator", () => {
  test.each(numericOperators)("%s", (operator) => {
    for (const { inputs, build } of numericCases(operator)) {
      const builder = new GraphBuilder("case");
      build(
        builder,
        inputs.map(({ dtype, shape }, i) => builder.input(`x${i}`, dtype, shape)),
      );
      expect(builder.nodes.map((node) => node.operator)).toContain(operator);
    }
  });
});

describe("an operator without a gradient", () => {
  test("is one whose rule is a reason", () => {
    const names = Object.keys(gradientRules) as OperatorName[];
    const without = names.filter((name) => typeof gradientRules[name] !== "function");
    expect(without.sort()).toEqual(operatorsWithoutGradient);
  });

  test("so is the convolution of a stack of pictures", () => {
    const builder = new GraphBuilder("stack");
    const x = builder.input("x", "float32", [1, 1, 2, 4, 4]);
    const kernel = builder.input("kernel", "float32", [1, 1, 1, 3, 3]);
    const y = builder.apply("Conv", [x, kernel], { strides: [1, 1], pads: [1, 1, 1, 1] });
    const sum = builder.apply("ReduceSum", [y], { axes: [0, 1, 2, 3, 4], keepdims: false });
    expect(() => gradients(builder, [{ value: sum }], [x])).toThrow(
      "the convolution of a stack of pictures has no gradient",
    );
  });

  test("stops the walk with its name and the reason", () => {
    const builder = new GraphBuilder("sign");
    const x = builder.input("x", "float32", [1]);
    const signed = builder.scope("block", () => builder.apply("Sign", [x], {}));
    expect(() => gradients(builder, [{ value: signed }], [x])).toThrow(
      "block/Sign: Sign has no gradient: it is constant between its jumps",
    );
  });
});
