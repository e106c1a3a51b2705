import { expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { shuffledOrder, TensorBatches } from "./index.ts";

const examples = Tensor.from(
  Float32Array.from({ length: 10 }, (_, i) => i),
  [5, 2],
);

async function epoch(source: TensorBatches, number: number): Promise<number[]> {
  const batches: number[] = [];
  for (let index = 0; index < source.batchesPerEpoch; index++) {
    const { data } = await source.batch(number * source.batchesPerEpoch + index);
    batches.push(...data);
  }
  return batches;
}

test("a tensor's examples come once in an epoch, whole, each time in another order", async () => {
  const source = new TensorBatches(examples, { batchSize: 2, keepLast: true, order: shuffledOrder(1) });
  const [first, second] = [await epoch(source, 0), await epoch(source, 1)];
  for (const values of [first, second]) {
    expect(values.filter((_, i) => i % 2 === 0).map((value, i) => [value, values[2 * i + 1]])).toEqual(
      values.filter((_, i) => i % 2 === 0).map((value) => [value, value + 1]),
    );
    expect([...values].sort((a, b) => a - b)).toEqual([...examples.data]);
  }
  expect(second).not.toEqual(first);
  expect((await source.batch(2)).shape).toEqual([1, 2]);
});

test("a last batch that is not full is left out unless it is kept", async () => {
  const source = new TensorBatches(examples, { batchSize: 2, keepLast: false, order: shuffledOrder(1) });
  expect(source.batchesPerEpoch).toBe(2);
  expect((await source.batch(3)).shape).toEqual([2, 2]);
});
