import { describe, expect, test } from "vitest";
import { BatchPlan, listedOrder, shuffledOrder } from "./epoch-order.ts";

const sorted = (values: ArrayLike<number>): number[] => Array.from(values).sort((a, b) => a - b);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe("shuffledOrder", () => {
  test("holds each example once, in another order in each epoch and for each seed", () => {
    const orders = [shuffledOrder(1)(0, 100), shuffledOrder(1)(1, 100), shuffledOrder(2)(0, 100)];
    for (const order of orders) expect(sorted(order)).toEqual(upTo(100));
    expect(new Set(orders.map(String)).size).toBe(3);
  });

  test("never changes: a run that is resumed in ten years sees the same pictures", () => {
    expect(Array.from(shuffledOrder(0)(0, 10))).toEqual([7, 0, 9, 3, 4, 5, 1, 6, 8, 2]);
  });
});

describe("a batch plan", () => {
  test("drops what does not fill the last batch, or keeps it", () => {
    const options = { exampleCount: 10, batchSize: 4, order: listedOrder };
    const dropping = new BatchPlan(options);
    expect(dropping.batchesPerEpoch).toBe(2);
    expect(dropping.batch(2)).toEqual({ epoch: 1, examples: [0, 1, 2, 3] });
    const keeping = new BatchPlan({ ...options, keepLast: true });
    expect(keeping.batchesPerEpoch).toBe(3);
    expect(keeping.batch(2)).toEqual({ epoch: 0, examples: [8, 9] });
    expect(keeping.batch(3)).toEqual({ epoch: 1, examples: [0, 1, 2, 3] });
  });

  test("holds each example once per epoch", () => {
    const plan = new BatchPlan({ exampleCount: 12, batchSize: 4, order: shuffledOrder(5) });
    const second = [3, 4, 5].flatMap((index) => plan.batch(index).examples);
    expect(sorted(second)).toEqual(upTo(12));
  });

  test("answers the same whatever was asked before", () => {
    const make = (): BatchPlan => new BatchPlan({ exampleCount: 9, batchSize: 2, order: shuffledOrder(3) });
    const plan = make();
    const forwards = upTo(40).map((index) => plan.batch(index));
    expect([37, 2, 11, 0].map((index) => plan.batch(index))).toEqual([37, 2, 11, 0].map((i) => forwards[i]));
    expect(make().batch(37)).toEqual(forwards[37]);
  });

  test("asks for an epoch's order when the epoch begins, once", () => {
    const asked: number[] = [];
    const order = (epoch: number, count: number): number[] => {
      asked.push(epoch);
      return upTo(count);
    };
    const plan = new BatchPlan({ exampleCount: 4, batchSize: 2, order });
    expect(asked).toEqual([]);
    for (const index of [0, 1, 2, 1, 3]) plan.batch(index);
    expect(asked).toEqual([0, 1]);
  });

  test("remembers two epochs, the newest ones, so that a border is crossed without drawing again", () => {
    const asked: number[] = [];
    const order = (epoch: number, count: number): number[] => {
      asked.push(epoch);
      return upTo(count);
    };
    const plan = new BatchPlan({ exampleCount: 2, batchSize: 2, order });
    for (const epoch of [0, 1, 0, 1, 2, 1, 2]) plan.batch(epoch);
    expect(asked).toEqual([0, 1, 2]);
    plan.batch(0);
    expect(asked).toEqual([0, 1, 2, 0]);
  });

  test("takes a batch of all examples, and the numbers of a run of years", () => {
    const plan = new BatchPlan({ exampleCount: 3, batchSize: 3, order: listedOrder });
    expect(plan.batch(1_000_000_000)).toEqual({ epoch: 1_000_000_000, examples: [0, 1, 2] });
    expect(() => plan.batch(0.5)).toThrow("batch index: expected a whole number from 0, found 0.5.");
    const options = { exampleCount: 3, batchSize: 3 };
    for (const wrong of [[0, 1], [0, 1, 2, 2], [0, 1, 3], []]) {
      const other = new BatchPlan({ ...options, order: () => wrong });
      expect(() => other.batch(0)).toThrow("order: expected each number from 0 to 2 once");
    }
    expect(() => new BatchPlan({ ...options, batchSize: 1.5, order: listedOrder })).toThrow("found 1.5");
  });

  test("refuses a batch larger than the data, an order with a number twice, and a negative batch", () => {
    const options = { exampleCount: 3, batchSize: 4, order: listedOrder };
    expect(() => new BatchPlan(options)).toThrow(
      "batch size: expected at most the number of examples, 3, found 4. Make the batch smaller, or add examples.",
    );
    expect(() => new BatchPlan({ ...options, batchSize: 0 })).toThrow("found 0");
    const twice = new BatchPlan({ ...options, batchSize: 1, order: () => [0, 1, 1] });
    expect(() => twice.batch(0)).toThrow("order: expected each number from 0 to 2 once");
    const sound = new BatchPlan({ ...options, batchSize: 1 });
    expect(() => sound.batch(-1)).toThrow("found -1");
  });
});
