import { expect, test } from "vitest";
import { formatBytes, formatFixed, formatMs, formatTable, meanOf } from "./format.ts";

test("tables align text to the left, numbers to the right, and count East Asian characters twice", () => {
  const rows = [
    { name: "照片.png", value: "1" },
    { name: "a.png", value: "12.5" },
  ];
  const table = formatTable(
    [
      { title: "picture", align: "left", cell: ({ name }) => name },
      { title: "dB", cell: ({ value }) => value },
    ],
    rows,
  );
  expect(table).toBe(["picture     dB", "照片.png     1", "a.png     12.5"].join("\n"));
});

test("numbers come with their units", () => {
  expect(formatBytes(999)).toBe("999 B");
  expect(formatBytes(335_278_732)).toBe("335.3 MB");
  expect(formatMs(740.4)).toBe("740 ms");
  expect(formatMs(12_345)).toBe("12.35 s");
  expect(formatFixed(Infinity, 2)).toBe("inf");
  expect(formatFixed(null, 2)).toBe("n/a");
});

test("the mean leaves out what was not measured", () => {
  expect(meanOf([1, null, 3])).toBe(2);
  expect(meanOf([null])).toBeNull();
});
