import { expect, test } from "vitest";
import { sideWhileDragging } from "./sides.ts";

test("a drag is computed at the largest side that takes 150 ms or less", () => {
  expect(sideWhileDragging(512, 150)).toBe(512);
  expect(sideWhileDragging(512, 151)).toBe(256);
  expect(sideWhileDragging(512, 600)).toBe(256);
  expect(sideWhileDragging(512, 601)).toBe(128);
  expect(sideWhileDragging(256, 151)).toBe(128);
});

test("a drag is computed at the smallest side where nothing is fast enough, or nobody knows", () => {
  expect(sideWhileDragging(128, 10_000)).toBe(128);
  expect(sideWhileDragging(512, 10_000)).toBe(128);
  expect(sideWhileDragging(512, undefined)).toBe(128);
});
