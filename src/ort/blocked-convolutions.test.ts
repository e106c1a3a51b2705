import { describe, expect, test } from "vitest";
import { graphOf, operatorsOf, write } from "../../test/ort/written.ts";
import type { GraphBuilder, Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { isLabelledInBlocks, type Blocks } from "./blocked-convolutions.ts";
import { rowsOfKernel, rowsOfTurnedKernel, singleChannelKernel } from "./blocked-kernels.ts";
import { canBeInBlocks } from "./blocked-weight-gradient.ts";
import type { OrtForms } from "./dialect.ts";

const blocks = (changes: Partial<Blocks> = {}): OrtForms => ({
  blocks: { size: 16, hasGroups: true, isChosen: () => true, ...changes },
});
const conv = (b: GraphBuilder, x: Value, weight: Value, bias?: Value): Value =>
  b.apply("Conv", bias === undefined ? [x, weight] : [x, weight, bias], {
    strides: [1, 1],
    pads: [1, 1, 1, 1],
  });
const inBlocks = "com.microsoft.nchwc:Conv";

describe("a convolution", () => {
  const kernels = (out: number, channels: number, dtype?: "float64", forms = blocks()): boolean =>
    operatorsOf(
      graphOf(
        [1, channels, 8, 8],
        (b, x) => conv(b, x, b.input("w", dtype ?? "float32", [out, channels, 3, 3])),
        dtype,
      ),
      forms,
    ).includes(inBlocks);

  test("goes in blocks where its channels fill them, and it is chosen", () => {
    expect(kernels(32, 16)).toBe(true);
    expect([kernels(24, 16), kernels(16, 24), kernels(16, 8)]).toEqual([false, false, false]);
    expect(kernels(16, 16, undefined, blocks({ isChosen: () => false }))).toBe(false);
    expect(kernels(16, 16, "float64")).toBe(false);
  });

  test("of a constant single channel goes in blocks that it fills by more than a half, without a bias", () => {
    const single = (out: number, hasBias = false, isConstant = true) =>
      operatorsOf(
        graphOf([4, 1, 8, 8], (b, x) => {
          const zeros = Tensor.zeros([out, 1, 3, 3]);
          const weight = isConstant ? b.constant("w", zeros) : b.input("w", "float32", zeros.shape);
          return conv(b, x, weight, hasBias ? b.input("b", "float32", [out]) : undefined);
        }),
        blocks(),
      ).includes(inBlocks);
    expect([single(9), single(8), single(36)]).toEqual([true, false, true]);
    expect([single(9, true), single(9, false, false)]).toEqual([false, false]);
  });

  test("is chosen by its label", () => {
    const labelled = graphOf([1, 16, 8, 8], (b, x) => {
      const w = b.input("w", "float32", [16, 16, 3, 3]);
      return conv(
        b,
        b.labelled({ inBlocks: true }, () => conv(b, x, w)),
        w,
      );
    });
    expect(
      operatorsOf(labelled, blocks({ isChosen: isLabelledInBlocks })).filter(
        (name) => name === inBlocks || name === "Conv",
      ),
    ).toEqual([inBlocks, "Conv"]);
  });

  test("brings an input and kernels that two of them read into blocks once", () => {
    const twice = graphOf([1, 16, 8, 8], (b, x) => {
      const w = b.input("w", "float32", [16, 16, 3, 3]);
      return b.apply("Add", [conv(b, x, w), conv(b, x, w)], {});
    });
    const names = operatorsOf(twice, blocks());
    expect(names.filter((name) => name === inBlocks)).toHaveLength(2);
    // Of x, and of the kernels' rows.
    expect(names.filter((name) => name?.endsWith("ReorderInput"))).toHaveLength(2);
    expect(names.filter((name) => name?.endsWith("ReorderOutput"))).toHaveLength(2);
  });
});

describe("what follows a convolution in blocks", () => {
  /** x [1, 16, 8, 8] → `build`'s value, of convolutions with the one kernel. */
  const written = (
    build: (b: GraphBuilder, x: Value, convolve: (x: Value) => Value) => Value | Record<string, Value>,
  ) =>
    write(
      graphOf([1, 16, 8, 8], (b, x) => {
        const w = b.input("w", "float32", [16, 16, 3, 3]);
        return build(b, x, (input) => conv(b, input, w));
      }),
      blocks(),
    ).nodes.filter(({ outputs }) => !outputs[0]!.startsWith("w:"));
  const operators = (nodes: ReturnType<typeof written>): (string | undefined)[] =>
    nodes.map(({ operator }) => operator);
  const relu = (b: GraphBuilder, x: Value): Value => b.apply("Relu", [x], {});

  test("stays in blocks where only convolutions read it", () => {
    const nodes = written((b, x, convolve) => convolve(relu(b, convolve(x))));
    expect(operators(nodes)).toEqual(["ReorderInput", "Conv", "Conv", "ReorderOutput"]);
    expect(nodes[1]!.attributes).toMatchObject({ activation: { string: "Relu" } });
    expect(nodes[2]!.attributes).not.toHaveProperty("activation");
  });

  test("is taken in: a sum with what is there in blocks, and Relu", () => {
    const nodes = written((b, x, convolve) =>
      relu(b, b.apply("Add", [convolve(relu(b, convolve(x))), x], {})),
    );
    expect(operators(nodes)).toEqual(["ReorderInput", "Conv", "Conv", "ReorderOutput"]);
    const [reorder, , sum] = nodes;
    // Without a bias, whose place stays empty.
    expect(sum!.inputs.slice(2)).toEqual(["", reorder!.outputs[0]]);
    expect(sum!.attributes).toMatchObject({ activation: { string: "Relu" } });
    expect(nodes.at(-1)!.outputs).toEqual(["y"]);
  });

  test("may have few outputs, for which kernels and bias are filled up", () => {
    const nodes = written((b, x, convolve) =>
      conv(b, convolve(x), b.input("few", "float32", [3, 16, 3, 3]), b.input("bias", "float32", [3])),
    );
    const filled = nodes.filter(({ operator }) => operator === "Pad");
    expect(filled.map(({ outputs }) => outputs[0])).toEqual(["few:filled up", "bias:filled up"]);
    const [, ofFew] = nodes.filter(({ operator }) => operator === "Conv");
    expect(ofFew!.inputs.at(-1)).toBe("bias:filled up");
    expect(nodes.at(-1)).toMatchObject({ operator: "ReorderOutput", attributes: { channels: { int: 3 } } });
    expect(operators(nodes).filter((operator) => operator === "ReorderOutput")).toHaveLength(1);
  });

  test("is not taken in where something else reads what it is computed from", () => {
    const nodes = written((b, x, convolve) => {
      const convolved = convolve(x);
      return { y: relu(b, convolved), z: b.apply("Neg", [convolved], {}) };
    });
    expect(operators(nodes)).toEqual(["ReorderInput", "Conv", "ReorderOutput", "Relu", "Neg"]);
  });

  test("is not taken in where it is an output of the graph", () => {
    const nodes = written((b, x, convolve) => {
      const convolved = convolve(x);
      return { y: relu(b, convolved), z: convolved };
    });
    expect(operators(nodes)).toEqual(["ReorderInput", "Conv", "ReorderOutput", "Relu"]);
  });

  test("is no sum where the summand is of another shape, or not there in blocks", () => {
    const ofOne = written((b, x, convolve) =>
      b.apply("Add", [convolve(x), b.input("c", "float32", [16, 1, 1])], {}),
    );
    expect(operators(ofOne)).toEqual(["ReorderInput", "Conv", "ReorderOutput", "Add"]);
    const elsewhere = written((b, x, convolve) => b.apply("Add", [convolve(x), b.apply("Neg", [x], {})], {}));
    expect(operators(elsewhere)).toEqual(["ReorderInput", "Conv", "ReorderOutput", "Neg", "Add"]);
  });
});

describe("kernels in blocks", () => {
  test("have the input channels of a block before its output channels", () => {
    // [4, 2, 1, 1] in blocks of 2: rows of output channels for each input channel.
    expect(rowsOfKernel([4, 2, 1, 1], 2)).toEqual([0, 1, 2, 3]);
    expect(rowsOfKernel([2, 4, 1, 2], 2)).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
  });

  test("that are turned have their taps from the last to the first", () => {
    expect(rowsOfTurnedKernel([2, 2, 1, 3], 2)).toEqual([2, 5, 1, 4, 0, 3]);
    expect(rowsOfTurnedKernel([4, 2, 1, 1], 2)).toEqual([0, 2, 1, 3]);
  });

  test("of a single channel are filled up with zeros", () => {
    const kernel = Tensor.from(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 1, 1, 2]);
    const filled = singleChannelKernel(kernel, 2);
    expect(filled.shape).toEqual([4, 1, 1, 2]);
    expect([...filled.data]).toEqual([1, 3, 2, 4, 5, 0, 6, 0]);
  });
});

describe("a gradient of kernels", () => {
  const can = (
    out: number,
    channels: number,
    batch: number,
    { hasGroups = true, dtype = "float32" as const } = {},
  ): boolean => {
    const value = (...shape: number[]): Value => ({ name: "v", dtype, shape });
    return canBeInBlocks(
      {
        kind: "WeightGradient",
        inputs: [value(batch, channels, 8, 8), value(batch, out, 8, 8)],
        output: value(out, channels, 3, 3),
        pads: [1, 1, 1, 1],
      },
      { size: 16, hasGroups },
    );
  };

  test("is a convolution of groups where channels fill blocks and there is work for two threads", () => {
    expect([can(16, 16, 2), can(16, 32, 1), can(32, 16, 15)]).toEqual([true, true, true]);
    expect(can(16, 16, 1)).toBe(false);
    expect(can(16, 16, 16)).toBe(false);
    expect([can(24, 16, 2), can(16, 24, 2)]).toEqual([false, false]);
    expect(can(16, 16, 2, { hasGroups: false })).toBe(false);
    expect(can(16, 16, 2, { dtype: "float64" as never })).toBe(false);
  });
});
