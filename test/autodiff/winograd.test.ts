/** Training's 3x3 convolutions with many channels take Winograd's form: they and their gradients are the plain ones. */
import { afterAll, describe, expect, test } from "vitest";
import { gradients } from "../../src/autodiff/index.ts";
import { GraphBuilder, verify, type Value } from "../../src/graph/index.ts";
import { conv2d, type ModuleContext } from "../../src/nn/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

type Sizes = readonly [batch: number, inChannels: number, height: number, width: number, outChannels: number];

interface Outcome {
  readonly operators: ReadonlySet<string>;
  readonly constants: ReadonlySet<string>;
  readonly results: Readonly<Record<string, Tensor>>;
}

/** A convolution's result and its gradients, through `layer`. */
async function run(
  [batch, inChannels, height, width, outChannels]: Sizes,
  layer: (builder: GraphBuilder, x: Value, weight: Value, bias: Value) => Value,
): Promise<Outcome> {
  const generator = Generator.philox(3);
  const tensors = {
    x: generator.randn([batch, inChannels, height, width]),
    weight: generator.randn([outChannels, inChannels, 3, 3]),
    bias: generator.randn([outChannels]),
    dy: generator.randn([batch, outChannels, height, width]),
  };
  const builder = new GraphBuilder("convolution");
  const values = Object.fromEntries(
    Object.entries(tensors).map(([name, { shape }]) => [name, builder.input(name, "float32", shape)]),
  ) as Record<keyof typeof tensors, Value>;
  const y = layer(builder, values.x, values.weight, values.bias);
  const wrt = [values.x, values.weight, values.bias];
  const [dx, dw, db] = gradients(builder, [{ value: y, gradient: values.dy }], wrt) as [Value, Value, Value];
  const graph = builder.build({ y, dx, dw, db });
  verify(graph);
  const session = await runtime.createSession(graph);
  const results = await session.run(tensors);
  await session.dispose();
  return {
    operators: new Set(graph.nodes.map(({ operator }) => operator)),
    constants: new Set(graph.initializers.map(({ value }) => value.name)),
    results,
  };
}

/** What training builds. */
const trained = (sizes: Sizes): Promise<Outcome> =>
  run(sizes, (builder, x, weight, bias) => {
    const parameters: Record<string, Value> = { "conv.weight": weight, "conv.bias": bias };
    const context: ModuleContext = { builder, isTraining: true, parameter: (name) => parameters[name]! };
    return conv2d(context, "conv", x, { outChannels: weight.shape[0]!, kernelSize: 3 });
  });

/** The same convolution and its gradients from the definition, one tap at a time. */
const plain = (sizes: Sizes): Promise<Outcome> =>
  run(sizes, (builder, x, weight, bias) => {
    const [outChannels, inChannels] = weight.shape as [number, number];
    const padded = builder.apply("Pad", [x], { begins: [0, 0, 1, 1], ends: [0, 0, 1, 1] });
    const taps = [...Array(9).keys()].map((tap) => {
      const [row, column] = [Math.floor(tap / 3), tap % 3];
      const starts = [row, column];
      const ends = [row + x.shape[2]!, column + x.shape[3]!];
      const shifted = builder.apply("Slice", [padded], { axes: [2, 3], starts, ends });
      const kernel = builder.apply("Slice", [weight], { axes: [2, 3], starts, ends: [row + 1, column + 1] });
      const matrix = builder.apply("Reshape", [kernel], { shape: [outChannels, inChannels] });
      const pixels = builder.apply("Reshape", [shifted], {
        shape: [x.shape[0]!, inChannels, x.shape[2]! * x.shape[3]!],
      });
      return builder.apply("MatMul", [matrix, pixels], {});
    });
    const sum = taps.reduce((total, each) => builder.apply("Add", [total, each], {}));
    const picture = builder.apply("Reshape", [sum], {
      shape: [x.shape[0]!, outChannels, ...x.shape.slice(2)],
    });
    const shift = builder.apply("Reshape", [bias], { shape: [outChannels, 1, 1] });
    return builder.apply("Add", [picture, shift], {});
  });

/** Rounding errors grow with the root of the number of products that are added. */
const tolerance = (products: number): { absolute: number } => ({ absolute: 4e-5 * Math.sqrt(products) });

describe("a convolution of many channels and its gradients are those of the definition", () => {
  const cases: [string, Sizes][] = [
    ["a batch", [3, 128, 16, 16, 128]],
    ["one example, more channels out than in, a wide picture", [1, 128, 12, 28, 132]],
    ["a batch that is transformed in two parts", [2, 132, 64, 40, 128]],
  ];
  test.each(cases)("%s", async (_, sizes) => {
    const [batch, inChannels, height, width, outChannels] = sizes;
    const [found, expected] = [await trained(sizes), await plain(sizes)];
    expect(found.constants).toContain("winograd_outputs");
    const { y, dx, dw, db } = found.results;
    expect(y).toBeAllclose(expected.results["y"]!, tolerance(9 * inChannels));
    expect(dx).toBeAllclose(expected.results["dx"]!, tolerance(9 * outChannels));
    expect(dw).toBeAllclose(expected.results["dw"]!, tolerance(batch * height * width));
    expect(db).toBeAllclose(expected.results["db"]!, tolerance(batch * height * width));
  });

  test("of fewer channels or small pictures, only the weights' gradient takes the form", async () => {
    const sizes: Sizes[] = [
      [4, 128, 8, 8, 128],
      [1, 64, 16, 16, 72],
    ];
    for (const each of sizes) {
      const [found, expected] = [await trained(each), await plain(each)];
      expect(found.constants).not.toContain("winograd_outputs");
      expect(found.constants).toContain("winograd_spread");
      for (const name of ["y", "dx", "dw", "db"])
        expect(found.results[name]).toBeAllclose(expected.results[name]!, tolerance(9 * 128));
    }
  });

  test("few channels and sizes that tiles do not fill keep the plain form", async () => {
    const odd = await trained([1, 128, 10, 16, 128]);
    const narrow = await trained([1, 8, 16, 16, 8]);
    expect([...odd.constants, ...narrow.constants].join()).not.toMatch(/winograd/);
  });
});
