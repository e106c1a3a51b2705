/** What every runtime promises, checked on each of them. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { GraphBuilder, type Graph } from "../../src/graph/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import type { Runtime } from "../../src/runtime/index.ts";
import { bytesInMemory, type ByteSource } from "../../src/tensor/byte-source.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { createRuntime, runtimeNames } from "./runtimes.ts";

const folder = await mkdtemp(join(tmpdir(), "vaekit-runtime-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file with four bytes of something else before the two floats 10 and 20. */
async function weightFile(name: string): Promise<ByteSource> {
  const bytes = new Uint8Array(Float32Array.of(-1, 10, 20).buffer);
  const path = join(folder, name);
  await writeFile(path, bytes);
  return { ...bytesInMemory(bytes, path), path };
}

function scaleGraph(source: ByteSource): Graph {
  const builder = new GraphBuilder("scale");
  const x = builder.input("x", "float32", [2, 2]);
  const weight = builder.stored({
    name: "w",
    dtype: "float32",
    shape: [2],
    source,
    byteOffset: 4,
    byteLength: 8,
  });
  return builder.build({ y: builder.apply("Mul", [x, weight], {}) });
}

const x = Tensor.from(Float32Array.of(1, 2, 3, 4), [2, 2]);

describe.each(runtimeNames)("%s", (name) => {
  let runtime: Runtime | undefined;
  const start = (): Runtime => (runtime = createRuntime[name]());
  afterEach(() => runtime?.dispose());

  test("multiplies by weights that stay in their file", async () => {
    const session = await start().createSession(scaleGraph(await weightFile("weights.bin")));
    const { y } = await session.run({ x });
    expect(y).toBeAllclose(Tensor.from(Float32Array.of(10, 40, 30, 80), [2, 2]), { absolute: 0 });
  });

  test("multiplies by weights of a file and of memory in one graph, and of files in two folders", async () => {
    await mkdir(join(folder, "other"), { recursive: true });
    const file = await weightFile("mixed.bin");
    const bytes = new Uint8Array(Float32Array.of(-1, 3, 5).buffer);
    const otherFile = await weightFile(join("other", "mixed.bin"));
    for (const second of [bytesInMemory(bytes, "memory"), otherFile]) {
      const builder = new GraphBuilder("mixed");
      const stored = { dtype: "float32", shape: [2], byteOffset: 4, byteLength: 8 } as const;
      const weights = [file, second].map((source, index) =>
        builder.stored({ ...stored, name: `w${index}`, source }),
      );
      const scaled = builder.apply("Mul", [builder.input("x", "float32", [2, 2]), weights[0]!], {});
      const graph = builder.build({ y: builder.apply("Add", [scaled, weights[1]!], {}) });
      runtime = createRuntime[name]();
      const { y } = await (await runtime.createSession(graph)).run({ x });
      await runtime.dispose();
      const [a, b] = second === otherFile ? [10, 20] : [3, 5];
      const expected = Tensor.from(Float32Array.of(10 + a, 40 + b, 30 + a, 80 + b), [2, 2]);
      expect(y).toBeAllclose(expected, { absolute: 0 });
    }
  });

  test("multiplies by weights in memory", async () => {
    const source = bytesInMemory(new Uint8Array(Float32Array.of(-1, 10, 20).buffer));
    const session = await start().createSession(scaleGraph(source));
    const { y } = await session.run({ x });
    expect(y).toBeAllclose(Tensor.from(Float32Array.of(10, 40, 30, 80), [2, 2]), { absolute: 0 });
  });

  test("leaves the caller's input as it was", async () => {
    const session = await start().createSession(scaleGraph(await weightFile("weights.bin")));
    await session.run({ x });
    expect([...x.data]).toEqual([1, 2, 3, 4]);
  });

  test("runs several requests at once", async () => {
    const session = await start().createSession(scaleGraph(await weightFile("weights.bin")));
    const results = await Promise.all([1, 2, 3].map(() => session.run({ x })));
    expect(results.map(({ y }) => y?.data[3])).toEqual([80, 80, 80]);
  });

  test("says which input is of the wrong shape", async () => {
    const session = await start().createSession(scaleGraph(await weightFile("weights.bin")));
    await expect(session.run({ x: Tensor.zeros([3]) })).rejects.toThrow(
      "scale: expected input x to be float32 [2, 2], found float32 [3].",
    );
  });

  test("rejects at once when the signal has fired", async () => {
    const session = await start().createSession(scaleGraph(await weightFile("weights.bin")));
    await expect(session.run({ x }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
  });

  test("convolves each picture of a stack by itself", async () => {
    const builder = new GraphBuilder("stack");
    const stack = builder.input("stack", "float32", [1, 1, 2, 2, 2]);
    const kernel = builder.constant("kernel", Tensor.from(Float32Array.of(1, 10), [1, 1, 1, 1, 2]));
    const y = builder.apply("Conv", [stack, kernel], { strides: [2, 1], pads: [0, 1, 0, 0] });
    const session = await start().createSession(builder.build({ y }));
    const pictures = Tensor.from(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), stack.shape);
    const outputs = await session.run({ stack: pictures });
    // The first row of each picture, with a zero on its left.
    expect(outputs["y"]).toBeAllclose(Tensor.from(Float32Array.of(10, 21, 50, 65), [1, 1, 2, 1, 2]), {
      absolute: 0,
    });
  });

  test("finds the largest of each row", async () => {
    const builder = new GraphBuilder("largest");
    const rows = builder.input("x", "float32", [2, 2]);
    const y = builder.apply("ReduceMax", [rows], { axes: [1], keepdims: true });
    const session = await start().createSession(builder.build({ y }));
    const outputs = await session.run({ x });
    expect(outputs["y"]).toBeAllclose(Tensor.from(Float32Array.of(2, 4), [2, 1]), { absolute: 0 });
  });

  test("finds the place of each row's smallest, of equal ones the first, and marks it", async () => {
    const builder = new GraphBuilder("smallest");
    const rows = builder.input("rows", "float32", [2, 3]);
    const y = builder.apply("OneHot", [builder.apply("ArgMin", [rows], { axis: 1 })], { depth: 4 });
    const session = await start().createSession(builder.build({ y }));
    const outputs = await session.run({ rows: Tensor.from(Float32Array.of(3, 1, 1, 5, 6, 4), [2, 3]) });
    expect(outputs["y"]!.equals(Tensor.from(Float32Array.of(0, 1, 0, 0, 0, 0, 1, 0), [2, 4]))).toBe(true);
  });

  test("says what it runs on", async () => {
    await start().createSession(scaleGraph(await weightFile("weights.bin")));
    expect(runtime?.device).toBe("cpu");
  });
});

test("onnxruntime-node keeps the event loop free while it computes", async () => {
  const side = 768;
  const builder = new GraphBuilder("products");
  let product = builder.input("x", "float32", [side, side]);
  const factor = product;
  for (let i = 0; i < 60; i++) product = builder.apply("MatMul", [product, factor], {});
  const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
  const session = await runtime.createSession(builder.build({ y: product }));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  await session.run({ x: Tensor.zeros([side, side]) });
  clearInterval(timer);
  await runtime.dispose();
  // Blocked, the timer would not have fired at all before the result.
  expect(ticks).toBeGreaterThan(3);
});
