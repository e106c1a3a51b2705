import { expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import type { BatchSource } from "./batch-source.ts";
import { PhasedBatches } from "./phased-batches.ts";

/** A source whose batch `index` holds `first + index`, and that tells what becomes of it. */
function counting(name: string, first: number, events: string[]): () => Promise<BatchSource> {
  return () => {
    events.push(`${name} opened`);
    return Promise.resolve({
      exampleCount: 4,
      batchesPerEpoch: 2,
      batch: (index) => Promise.resolve(Tensor.from(Float32Array.of(first + index), [1])),
      dispose: () => {
        events.push(`${name} disposed`);
        return Promise.resolve();
      },
    });
  };
}

test("a run's batches come from its phases in turn, each counted from 0", async () => {
  const events: string[] = [];
  const batches = await PhasedBatches.open([
    { firstBatch: 0, open: counting("small", 100, events) },
    { firstBatch: 3, open: counting("large", 200, events) },
  ]);
  const values = [];
  for (const index of [0, 1, 2, 3, 4]) values.push((await batches.batch(index)).data[0]);
  await batches.dispose();
  expect(values).toEqual([100, 101, 102, 200, 201]);
  expect(events).toEqual(["small opened", "large opened", "small disposed", "large disposed"]);
});

test("what a source says of itself is that of the phase in use", async () => {
  const sized = (exampleCount: number, batchesPerEpoch: number) => (): Promise<BatchSource> =>
    Promise.resolve({
      exampleCount,
      batchesPerEpoch,
      batch: () => Promise.resolve(Tensor.zeros([1])),
      dispose: () => Promise.resolve(),
    });
  const batches = await PhasedBatches.open([
    { firstBatch: 0, open: sized(4, 2) },
    { firstBatch: 2, open: sized(3, 1) },
  ]);
  expect([batches.exampleCount, batches.batchesPerEpoch]).toEqual([4, 2]);
  await batches.batch(2);
  expect([batches.exampleCount, batches.batchesPerEpoch]).toEqual([3, 1]);
});

test("a phase that does not open leaves the one before in use, and is tried again", async () => {
  const events: string[] = [];
  let isThere = false;
  const large = counting("large", 200, events);
  const batches = await PhasedBatches.open([
    { firstBatch: 0, open: counting("small", 100, events) },
    { firstBatch: 1, open: () => (isThere ? large() : Promise.reject(new Error("no"))) },
  ]);
  await expect(batches.batch(1)).rejects.toThrow("no");
  expect((await batches.batch(0)).data[0]).toBe(100);
  isThere = true;
  expect((await batches.batch(1)).data[0]).toBe(200);
  expect(events).toEqual(["small opened", "large opened", "small disposed"]);
});

test("phases begin with batch 0", async () => {
  await expect(PhasedBatches.open([{ firstBatch: 1, open: counting("a", 0, []) }])).rejects.toThrow(
    "the first phase begins with batch 0",
  );
});

test("a run that goes on begins in the middle of a phase", async () => {
  const events: string[] = [];
  const batches = await PhasedBatches.open([
    { firstBatch: 0, open: counting("small", 100, events) },
    { firstBatch: 3, open: counting("large", 200, events) },
  ]);
  expect((await batches.batch(7)).data[0]).toBe(204);
});
