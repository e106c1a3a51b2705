/** Vectors that are worked on piece by piece give what they give as a whole. */
import { afterAll, expect, test } from "vitest";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { inChunks } from "../../src/train/graphs/in-chunks.ts";
import { runGraph } from "./run-graph.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

test.each([3, 2 ** 19, 2 ** 19 + 3, 2 ** 20 + 1])("a vector of %d elements", async (size) => {
  const generator = Generator.philox(size);
  const a = generator.randn([size]);
  const b = generator.randn([size]);
  const { product, difference } = await runGraph(runtime, { a, b }, (builder, values) => {
    const [first, second] = inChunks(builder, [values.a!, values.b!], ([x, y]) => [
      builder.apply("Mul", [x!, y!], {}),
      builder.apply("Sub", [x!, y!], {}),
    ]);
    return { product: first!, difference: second! };
  });
  // One operation on the same numbers: the same bits.
  expect(product!.data).toEqual(a.data.map((value, i) => Math.fround(value * b.data[i]!)));
  expect(difference!.data).toEqual(a.data.map((value, i) => Math.fround(value - b.data[i]!)));
});
