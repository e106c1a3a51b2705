import { expect, test } from "vitest";
import { dataStream } from "./streams.ts";

const drawn = (...args: Parameters<typeof dataStream>): string => String(dataStream(...args).rand([2]).data);

test("a stream is of its seed, its purpose and its two numbers, and meets none of another", () => {
  const streams = [
    drawn(0, "order", 0),
    drawn(1, "order", 0),
    drawn(0, "order", 1),
    drawn(0, "order", 0, 1),
    drawn(0, "augmentation", 0),
    drawn(0, "augmentation", 1),
    drawn(0, "binarization", 0),
    drawn(0, "augmentation", 0, 2 ** 31),
    drawn(0, "augmentation", 2 ** 23, 0),
  ];
  expect(new Set(streams).size).toBe(streams.length);
  expect(drawn(0, "order", 3)).toBe(drawn(0, "order", 3, 0));
  // 24 bits and 32: what does not fit begins again, and never reaches the purpose.
  expect(drawn(0, "order", 2 ** 24, 2 ** 32)).toBe(drawn(0, "order", 0, 0));
});
