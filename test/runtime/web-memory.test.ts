/** What ONNX Runtime's WebAssembly holds while a graph runs. Its memory never shrinks, so it tells of the peak. */
import { expect, test } from "vitest";
import { GraphBuilder, type Graph } from "../../src/graph/index.ts";
import { WebRuntime } from "../../src/runtime/web/web-runtime.ts";
import { storeInMemory } from "../../src/tensor/stored-tensor.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const memories: WebAssembly.Memory[] = [];
WebAssembly.Memory = class extends WebAssembly.Memory {
  constructor(...given: ConstructorParameters<typeof WebAssembly.Memory>) {
    super(...given);
    memories.push(this);
  }
};
const ort = await import("onnxruntime-web/wasm");
ort.env.wasm.numThreads = 1;

const heldBytes = (): number => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

const wideBytes = 32 * 2 ** 20;
const shapeCount = 8;
/** Beside what a graph holds: WebAssembly's memory grows by a fifth of itself, at most by 96 MiB. */
const growthBytes = 96 * 2 ** 20;

/** Layers that each take a wide product of weights alone, as Winograd's kernels are, in eight shapes, each twice. */
function layers(): Graph {
  const builder = new GraphBuilder("layers");
  const ones = (rows: number): Tensor<"float32"> => Tensor.from(new Float32Array(rows).fill(1), [rows]);
  let h = builder.input("x", "float32", [1, 1]);
  for (let layer = 0; layer < 2 * shapeCount; layer++) {
    const [rows, columns] = [2 ** (10 + (layer % shapeCount)), 2 ** (13 - (layer % shapeCount))];
    const weight = builder.stored(storeInMemory(`w${layer}`, ones(columns)));
    const row = builder.apply("Reshape", [weight], { shape: [1, columns] });
    const column = builder.constant(`ones_${rows}`, ones(rows).reshape([rows, 1]));
    const product = builder.apply("Mul", [h, builder.apply("MatMul", [column, row], {})], {});
    h = builder.apply("Slice", [product], { axes: [0, 1], starts: [0, 0], ends: [1, 1] });
  }
  return builder.build({ y: h });
}

test("of a layer's kernels and results nothing stays once nobody needs it", async () => {
  await using runtime = new WebRuntime(ort);
  const session = await runtime.createSession(layers());
  const before = heldBytes();
  const { y } = await session.run({ x: Tensor.from(Float32Array.of(0.5), [1, 1]) });
  expect(y).toEqual(Tensor.from(Float32Array.of(0.5), [1, 1]));
  expect(memories).not.toHaveLength(0);
  // A layer's kernel and the product with it. All kernels at once, or all shapes until their last use, are sixteen wide ones.
  expect(heldBytes() - before).toBeLessThan(3 * wideBytes + growthBytes);
});
