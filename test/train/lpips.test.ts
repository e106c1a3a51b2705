/** LPIPS with a narrow VGG-16 and random weights against PyTorch: the value, and the gradient it is there for. */
import { readFile } from "node:fs/promises";
import { afterAll, describe, expect, test } from "vitest";
import type { GraphBuilder, Value } from "../../src/graph/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { bytesInMemory } from "../../src/tensor/byte-source.ts";
import type { DType } from "../../src/tensor/dtype.ts";
import type { StoredTensor } from "../../src/tensor/stored-tensor.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { findLpipsWeights, lpips, type LpipsWeights } from "../../src/train/losses/lpips.ts";
import { parseSafetensors } from "../../src/weights/index.ts";
import { fixturePath, readGoldens } from "../conformance/fixtures.ts";
import { gradientsOfSum, runGraph } from "./run-graph.ts";

const golden = "training/lpips.safetensors";
const goldens = readGoldens(golden);
const { tensors } = await parseSafetensors(bytesInMemory(await readFile(fixturePath(golden))));
const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const withGradient =
  (weights: LpipsWeights) =>
  (builder: GraphBuilder, { x, y }: Readonly<Record<string, Value>>): Record<string, Value> => {
    const distance = lpips(builder, weights, y!, x!);
    return { distance, ...gradientsOfSum(builder, distance, { y: y! }) };
  };

const pictures = { x: goldens.get("x"), y: goldens.get("y") };

describe("LPIPS", () => {
  test("has PyTorch's value and gradient", async () => {
    const outputs = await runGraph(runtime, pictures, withGradient(findLpipsWeights(tensors)));
    // 13 convolutions in float32; the gradient is about 1e-2.
    expect(outputs.distance).toBeAllclose(goldens.get("distance"), { absolute: 1e-6, relative: 1e-5 });
    expect(outputs["grad.y"]).toBeAllclose(goldens.get("gradient"), { absolute: 1e-6, relative: 1e-4 });
  });

  test("differs from the original by nothing that float32 shows, for all its epsilon's place", () => {
    expect(goldens.get("distance")).toBeAllclose(goldens.get("original"), { absolute: 1e-6 });
  });

  test("has a finite gradient where all features of a pixel are 0", async () => {
    // Biases far below 0 switch every feature of the last depth off.
    const off = Tensor.from(new Float32Array(8).fill(-1e6), [8]);
    const bias = stored("features.28.bias", off.bytes, [8]);
    const weights = findLpipsWeights(new Map([...tensors, [bias.name, bias]]));
    const outputs = await runGraph(runtime, pictures, withGradient(weights));
    expect([...(outputs["grad.y"] as Tensor<"float32">).data].every(Number.isFinite)).toBe(true);
    expect(outputs.distance!.toFloat32().data[0]).toBeGreaterThan(0.01);
  });

  test("finds weights under LPIPS' own names and in several files", async () => {
    const slices = [0, 5, 10, 17, 24];
    const renamed = [...tensors].map(([name, tensor]) => {
      const place = Number(/^features\.(\d+)/.exec(name)?.[1]);
      const slice = slices.filter((first) => first <= place).length;
      return [name.replace("features", `net.slice${slice}`), tensor] as const;
    });
    const backbone = new Map(renamed.filter(([name]) => name.startsWith("net.")));
    const heads = new Map(renamed.filter(([name]) => name.startsWith("lin")));
    const outputs = await runGraph(runtime, pictures, withGradient(findLpipsWeights(backbone, heads)));
    expect(outputs.distance).toBeAllclose(goldens.get("distance"), { absolute: 1e-6, relative: 1e-5 });
  });

  test("takes float16 weights", async () => {
    const halves = goldens.names
      .filter((name) => tensors.has(name))
      .map((name) => {
        const { dtype, shape, bytes } = goldens.get(name).toFloat("float16");
        return [name, stored(name, bytes, shape, dtype)] as const;
      });
    const outputs = await runGraph(runtime, pictures, withGradient(findLpipsWeights(new Map(halves))));
    // float16 has 11 bits: 13 layers of weights with a relative error of up to 5e-4.
    expect(outputs.distance).toBeAllclose(goldens.get("distance"), { relative: 5e-3 });
  });

  test("names the missing tensor", () => {
    const without = new Map([...tensors].filter(([name]) => name !== "lin3.model.1.weight"));
    expect(() => findLpipsWeights(without)).toThrow(
      "The LPIPS weights do not fit: no tensor lin3.model.1.weight (or lins.3.model.1.weight).",
    );
  });

  test("names the tensor of a wrong shape", () => {
    const wrong = stored("features.2.weight", new Uint8Array(4 * 4 * 3 * 9), [4, 3, 3, 3]);
    expect(() => findLpipsWeights(new Map([...tensors, [wrong.name, wrong]]))).toThrow(
      "expected features.2.weight to be [C, 4, 3, 3], found [4, 3, 3, 3]",
    );
  });

  test("refuses pictures that four halvings leave nothing of", async () => {
    const small = { x: Tensor.zeros([1, 3, 15, 16]), y: Tensor.zeros([1, 3, 15, 16]) };
    await expect(runGraph(runtime, small, withGradient(findLpipsWeights(tensors)))).rejects.toThrow(
      "lpips: expected pictures [N, 3, H, W] with sides of at least 16, found [1, 3, 15, 16].",
    );
  });
});

function stored(
  name: string,
  bytes: Uint8Array,
  shape: readonly number[],
  dtype: DType = "float32",
): StoredTensor {
  return { name, dtype, shape, source: bytesInMemory(bytes), byteOffset: 0, byteLength: bytes.length };
}
