/** What `gradients` promises besides the rules: targets, stops, values without a path, the finished graph. */
import { afterAll, describe, expect, test } from "vitest";
import { gradients } from "../../src/autodiff/index.ts";
import type { GraphBuilder, Value } from "../../src/graph/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { runGraph } from "../train/run-graph.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const vector = (...values: number[]): Tensor => Tensor.from(Float32Array.from(values), [values.length]);
const mul = (builder: GraphBuilder, a: Value, b: Value): Value => builder.apply("Mul", [a, b], {});
const sum = (builder: GraphBuilder, x: Value): Value =>
  builder.apply("ReduceSum", [x], { axes: [...x.shape.keys()], keepdims: false });

/** The gradients that `body` asks for, under the names of its own. */
async function gradientsOf(
  inputs: Readonly<Record<string, Tensor>>,
  body: (builder: GraphBuilder, values: Readonly<Record<string, Value>>) => Readonly<Record<string, Value>>,
): Promise<Record<string, Tensor>> {
  return runGraph(runtime, inputs, (builder, values) =>
    Object.fromEntries(
      Object.entries(body(builder, values)).map(([name, value]) => [
        `d${name}`,
        builder.apply("Identity", [value], {}),
      ]),
    ),
  );
}

describe("a value on which the loss does not depend", () => {
  test("has a gradient of zeros in its own shape", async () => {
    const inputs = { x: vector(1, 2), other: Tensor.zeros([2, 3]) };
    const { dother } = await gradientsOf(inputs, (builder, { x, other }) => ({
      other: gradients(builder, [{ value: sum(builder, x!) }], [other!])[0]!,
    }));
    expect(dother!.equals(Tensor.zeros([2, 3]))).toBe(true);
  });

  test("leaves the other gradients alone", async () => {
    const inputs = { x: vector(3, 4), other: vector(1) };
    const { dx } = await gradientsOf(inputs, (builder, { x, other }) => {
      builder.apply("Exp", [x!], {});
      const [, found] = gradients(builder, [{ value: sum(builder, mul(builder, x!, x!)) }], [other!, x!]);
      return { x: found! };
    });
    expect(dx).toBeAllclose([6, 8], { absolute: 0 });
  });
});

describe("stopAt", () => {
  test("counts a value as given: x · stop(x²) has the gradient x²", async () => {
    const { dx } = await gradientsOf({ x: vector(2, 3) }, (builder, { x }) => {
      const square = mul(builder, x!, x!);
      const loss = sum(builder, mul(builder, x!, square));
      return { x: gradients(builder, [{ value: loss }], [x!], { stopAt: [square] })[0]! };
    });
    expect(dx).toBeAllclose([4, 9], { absolute: 0 });
  });

  test("holds for the gate of x · σ(x), whose rule takes both factors at once", async () => {
    const { dx } = await gradientsOf({ x: vector(0, 1) }, (builder, { x }) => {
      const gate = builder.apply("Sigmoid", [x!], {});
      const loss = sum(builder, mul(builder, x!, gate));
      return { x: gradients(builder, [{ value: loss }], [x!], { stopAt: [gate] })[0]! };
    });
    expect(dx).toBeAllclose([0.5, 1 / (1 + Math.exp(-1))]);
  });

  test("leads to zero where no other way exists, even through an operator without a gradient", async () => {
    const { dx } = await gradientsOf({ x: vector(2, -3) }, (builder, { x }) => {
      const signs = builder.apply("Sign", [x!], {});
      const found = gradients(builder, [{ value: sum(builder, signs) }], [x!], { stopAt: [signs] });
      return { x: found[0]! };
    });
    expect(dx).toBeAllclose([0, 0], { absolute: 0 });
  });
});

describe("targets", () => {
  test("with a gradient of their own start from it", async () => {
    const inputs = { x: vector(2, 3), seed: vector(10, 100) };
    const { dx } = await gradientsOf(inputs, (builder, { x, seed }) => ({
      x: gradients(builder, [{ value: mul(builder, x!, x!), gradient: seed! }], [x!])[0]!,
    }));
    expect(dx).toBeAllclose([40, 600], { absolute: 0 });
  });

  test("add up", async () => {
    const inputs = { x: vector(2, 3), seed: vector(10, 100) };
    const { dx } = await gradientsOf(inputs, (builder, { x, seed }) => {
      const square = mul(builder, x!, x!);
      const targets = [{ value: square, gradient: seed! }, { value: sum(builder, x!) }];
      return { x: gradients(builder, targets, [x!])[0]! };
    });
    expect(dx).toBeAllclose([41, 601], { absolute: 0 });
  });

  test("add up when the same value stands twice", async () => {
    const { dx } = await gradientsOf({ x: vector(2) }, (builder, { x }) => {
      const loss = sum(builder, mul(builder, x!, x!));
      return { x: gradients(builder, [{ value: loss }, { value: loss }], [x!])[0]! };
    });
    expect(dx).toBeAllclose([8], { absolute: 0 });
  });

  test("may be what is differentiated with respect to", async () => {
    const inputs = { x: vector(2, 3), seed: vector(10, 100) };
    const { dx } = await gradientsOf(inputs, (builder, { x, seed }) => ({
      x: gradients(builder, [{ value: x!, gradient: seed! }], [x!])[0]!,
    }));
    expect(dx).toBeAllclose([10, 100], { absolute: 0 });
  });
});

describe("a value inside the graph", () => {
  test("has a gradient beside that of its input", async () => {
    const { dx, dh } = await gradientsOf({ x: vector(2, 3) }, (builder, { x }) => {
      const h = mul(builder, x!, x!);
      const loss = sum(builder, mul(builder, h, h)); // x⁴
      const [dh, dx] = gradients(builder, [{ value: loss }], [h, x!]);
      return { x: dx!, h: dh! };
    });
    expect(dh).toBeAllclose([8, 18], { absolute: 0 });
    expect(dx).toBeAllclose([32, 108], { absolute: 0 });
  });

  test.each([
    ["alone", false],
    ["beside x", true],
  ])("may be the gate of x · σ(x), %s", async (_, withInput) => {
    const { dgate } = await gradientsOf({ x: vector(2, -3) }, (builder, { x }) => {
      const gate = builder.apply("Sigmoid", [x!], {});
      const loss = sum(builder, mul(builder, x!, gate));
      const wrt = withInput ? [gate, x!] : [gate];
      return { gate: gradients(builder, [{ value: loss }], wrt)[0]! };
    });
    expect(dgate).toBeAllclose([2, -3], { absolute: 0 });
  });

  test("has its whole gradient when it is used many times", async () => {
    const { dx } = await gradientsOf({ x: vector(2, 3) }, (builder, { x }) => {
      const exp = builder.apply("Neg", [x!], {});
      const uses = [1, 2, 3, 4].map(() => mul(builder, exp, x!)); // -4 x²
      const loss = sum(builder, builder.apply("Concat", [exp, ...uses], { axis: 0 }));
      return { x: gradients(builder, [{ value: loss }], [x!])[0]! };
    });
    expect(dx).toBeAllclose([-17, -25], { absolute: 0 });
  });
});

test("gradients of gradients are those of the graph that computes them", async () => {
  const { dx } = await gradientsOf({ x: vector(2, 3) }, (builder, { x }) => {
    const cube = mul(builder, mul(builder, x!, x!), x!);
    const [first] = gradients(builder, [{ value: sum(builder, cube) }], [x!]);
    return { x: gradients(builder, [{ value: sum(builder, first!) }], [x!])[0]! };
  });
  expect(dx).toBeAllclose([12, 18], { absolute: 0 });
});

describe("where a function has a kink, the gradient is", () => {
  const unary = async (
    values: readonly number[],
    body: (builder: GraphBuilder, x: Value) => Value,
    shape: readonly number[] = [values.length],
  ): Promise<Tensor> => {
    const x = Tensor.from(Float32Array.from(values), shape);
    const { dx } = await gradientsOf({ x }, (builder, inputs) => ({
      x: gradients(builder, [{ value: sum(builder, body(builder, inputs.x!)) }], [inputs.x!])[0]!,
    }));
    return dx!;
  };

  test("0 for relu at 0, as in PyTorch", async () => {
    expect(await unary([-1, 0, -0, 2], (b, x) => b.apply("Relu", [x], {}))).toBeAllclose([0, 0, 0, 1]);
  });

  test("alpha for a leaky relu at 0, as in PyTorch", async () => {
    const found = await unary([-1, 0, 2], (b, x) => b.apply("LeakyRelu", [x], { alpha: 0.25 }));
    expect(found).toBeAllclose([0.25, 0.25, 1]);
  });

  test("0 for |x| at 0, as in PyTorch", async () => {
    expect(await unary([-1, 0, 2], (b, x) => b.apply("Abs", [x], {}))).toBeAllclose([-1, 0, 1]);
  });

  test("passed on by clip at its bounds and stopped outside, as in PyTorch", async () => {
    const found = await unary([-31, -30, 0, 20, 20.5], (b, x) => b.apply("Clip", [x], { min: -30, max: 20 }));
    expect(found).toBeAllclose([0, 1, 1, 1, 0]);
  });

  test("infinite for a root at 0, as in PyTorch", async () => {
    expect((await unary([0, 4], (b, x) => b.apply("Sqrt", [x], {}))).data).toEqual(
      Float32Array.of(Infinity, 0.25),
    );
  });

  test("shared equally by the largest elements of a pooling window", async () => {
    const found = await unary(
      [1, 1, 5, 2, 0, 1, 5, 4],
      (b, x) => b.apply("MaxPool", [x], { kernelShape: [2, 2], strides: [2, 2] }),
      [1, 1, 2, 4],
    );
    expect(found.data).toBeAllclose([1 / 3, 1 / 3, 0.5, 0, 0, 1 / 3, 0.5, 0]);
  });
});
