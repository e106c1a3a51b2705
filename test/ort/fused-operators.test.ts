/** ONNX Runtime's own operators for several nodes, beside the nodes as they are. */
import { afterAll, describe, expect, test } from "vitest";
import { GraphBuilder, type Graph, type Value } from "../../src/graph/index.ts";
import { encodeModel } from "../../src/onnx/index.ts";
import { ortDialect } from "../../src/ort/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";

/** This one leaves fusing to ONNX Runtime's optimisers. */
const plain = new NodeRuntime({ device: "cpu", keepsMemory: true });
const fusing = new NodeRuntime({ device: "cpu" });
afterAll(() => Promise.all([plain.dispose(), fusing.dispose()]));

const generator = Generator.philox(3);

type Outputs = Readonly<Record<string, Value>>;

function graphOf(
  inputs: Readonly<Record<string, readonly number[]>>,
  build: (builder: GraphBuilder, values: Value[]) => Outputs,
): Graph {
  const builder = new GraphBuilder("fused");
  const values = Object.entries(inputs).map(([name, shape]) => builder.input(name, "float32", shape));
  return builder.build(build(builder, values));
}

/** How often each of the operators stands in the model: their names stand nowhere else in it. */
function operatorsOf(graph: Graph): Record<string, number> {
  const text = Buffer.from(
    encodeModel(graph, () => ({ bytes: new Uint8Array() }), ortDialect({ fuses: true })),
  ).toString("latin1");
  const names = ["FusedMatMul", "Gather", "QuickGelu", "Split", "Transpose", "Sigmoid", "Slice"];
  // Field 4 of a node, its operator: tag, length, text. What the builder calls values is field 1 to 3.
  const count = (name: string): number =>
    text.split(`\x22${String.fromCharCode(name.length)}${name}`).length - 1;
  return Object.fromEntries(
    names.map((name) => [name, count(name)] as const).filter(([, times]) => times > 0),
  );
}

async function expectSame(graph: Graph): Promise<void> {
  const inputs = Object.fromEntries(graph.inputs.map(({ name, shape }) => [name, generator.randn(shape)]));
  const [expected, found] = await Promise.all(
    [plain, fusing].map(async (runtime) => {
      const session = await runtime.createSession(graph);
      const outputs = await session.run(inputs);
      await session.dispose();
      return outputs;
    }),
  );
  // The same numbers in the same order of sums, but for the sigmoid's last digit.
  for (const { name } of graph.outputs)
    expect(found![name]).toBeAllclose(expected![name]!, { absolute: 2e-6 });
}

const swap = { perm: [0, 2, 1] };

describe("a product of transposed operands", () => {
  test.each<[string, boolean, boolean]>([
    ["the first", true, false],
    ["the second", false, true],
    ["both", true, true],
  ])("%s", async (_, first, second) => {
    const graph = graphOf(
      { a: first ? [3, 5, 4] : [3, 4, 5], b: second ? [3, 6, 5] : [3, 5, 6] },
      (builder, [a, b]) => {
        const operand = (value: Value, isTransposed: boolean): Value =>
          isTransposed ? builder.apply("Transpose", [value], swap) : value;
        return { y: builder.apply("MatMul", [operand(a!, first), operand(b!, second)], {}) };
      },
    );
    expect(operatorsOf(graph)).toEqual({ FusedMatMul: 1 });
    await expectSame(graph);
  });

  test("keeps a transposition that something else reads, too", async () => {
    const graph = graphOf({ a: [2, 4, 5], b: [2, 4, 6] }, (builder, [a, b]) => {
      const turned = builder.apply("Transpose", [a!], swap);
      return { y: builder.apply("MatMul", [turned, b!], {}), z: builder.apply("Neg", [turned], {}) };
    });
    expect(operatorsOf(graph)).toEqual({ FusedMatMul: 1, Transpose: 1 });
    await expectSame(graph);
  });

  test("leaves other orders of axes", async () => {
    const graph = graphOf({ a: [4, 2, 5], b: [2, 5, 6] }, (builder, [a, b]) => {
      const turned = builder.apply("Transpose", [a!], { perm: [1, 0, 2] });
      return { y: builder.apply("MatMul", [turned, b!], {}) };
    });
    expect(operatorsOf(graph)).toEqual({ Transpose: 1 });
    await expectSame(graph);
  });
});

describe("x · sigmoid(x)", () => {
  test.each([true, false])("in either order", async (isFirst) => {
    const graph = graphOf({ x: [2, 3, 7] }, (builder, [x]) => {
      const gate = builder.apply("Sigmoid", [x!], {});
      return { y: builder.apply("Mul", isFirst ? [gate, x!] : [x!, gate], {}) };
    });
    expect(operatorsOf(graph)).toEqual({ QuickGelu: 1 });
    await expectSame(graph);
  });

  test("stays where the sigmoid is read again, or of another value", async () => {
    const graph = graphOf({ x: [2, 3, 7], w: [2, 3, 7] }, (builder, [x, w]) => {
      const [gate, other] = [x!, w!].map((value) => builder.apply("Sigmoid", [value], {}));
      return {
        y: builder.apply("Mul", [x!, gate!], {}),
        gate: gate!,
        z: builder.apply("Mul", [x!, other!], {}),
      };
    });
    expect(operatorsOf(graph)).toEqual({ Sigmoid: 2 });
    await expectSame(graph);
  });
});

describe("a transposition of rows", () => {
  const transposed = (shape: readonly number[], perm: readonly number[]): Graph =>
    graphOf({ x: shape }, (builder, [x]) => {
      const turned = builder.apply("Transpose", [x!], { perm });
      return { y: turned, z: builder.apply("Neg", [turned], {}) };
    });

  test("copies them", async () => {
    const graph = transposed([4, 4, 3, 5, 24], [2, 0, 3, 1, 4]);
    expect(operatorsOf(graph)).toEqual({ Gather: 1 });
    await expectSame(graph);
  });

  test.each<[string, number[], number[]]>([
    ["the rows are short", [20, 10, 15], [1, 0, 2]],
    ["they are few", [6, 5, 32], [1, 0, 2]],
    ["they are many", [200, 100, 16], [1, 0, 2]],
    ["rows are transposed, too", [16, 20, 32], [1, 2, 0]],
  ])("stays where %s", async (_, shape, perm) => {
    const graph = transposed(shape, perm);
    expect(operatorsOf(graph)).toEqual({ Transpose: 1 });
    await expectSame(graph);
  });
});

describe("slices", () => {
  const slices = (ranges: readonly (readonly [number, number])[], axes = ranges.map(() => 1)): Graph =>
    graphOf({ x: [2, 9, 9] }, (builder, [x]) =>
      Object.fromEntries(
        ranges.map(([start, end], index) => [
          `y${index}`,
          builder.apply("Slice", [x!], { axes: [axes[index]!], starts: [start], ends: [end] }),
        ]),
      ),
    );

  test("that are all of a value, in any order, are one Split", async () => {
    const graph = slices([
      [4, 5],
      [0, 4],
      [5, 9],
    ]);
    expect(operatorsOf(graph)).toEqual({ Split: 1 });
    await expectSame(graph);
  });

  test.each<[string, Graph]>([
    [
      "that leave something",
      slices([
        [0, 4],
        [4, 8],
      ]),
    ],
    [
      "that overlap",
      slices([
        [0, 5],
        [4, 9],
      ]),
    ],
    [
      "along different axes",
      slices(
        [
          [0, 4],
          [4, 9],
        ],
        [1, 2],
      ),
    ],
  ])("%s stay", async (_, graph) => {
    expect(operatorsOf(graph)).toEqual({ Slice: 2 });
    await expectSame(graph);
  });
});
