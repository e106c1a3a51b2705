import { expect, test } from "vitest";
import {
  formatBytes,
  formatCount,
  formatFixed,
  formatMs,
  formatShape,
  formatTable,
  meanOf,
} from "./format.ts";

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

test("tables end no line with spaces, and keep names of several lines in one", () => {
  const columns = [
    { title: "name", align: "left", cell: (name: string) => name },
    { title: "what", align: "left", cell: () => "" },
  ] as const;
  expect(formatTable(columns, ["a\nb"])).toBe("name  what\na\\nb");
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [999_900, "999.9 kB"],
  [1_000_000, "1.0 MB"],
  [335_278_732, "335.3 MB"],
  [2_500_000_000, "2.5 GB"],
  // There is no unit above.
  [12_345_600_000_000, "12345.6 GB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [740.4, "740 ms"],
  [999.4, "999 ms"],
  [1000, "1.00 s"],
  [12_345, "12.35 s"],
  [99_900, "99.90 s"],
  [100_000, "100 s"],
])("%d milliseconds are %s", (ms, text) => {
  expect(formatMs(ms)).toBe(text);
});

test.each([
  [1.25, 3, "1.250"],
  [Infinity, 2, "inf"],
  [-Infinity, 2, "-inf"],
  [null, 2, "n/a"],
  [NaN, 2, "n/a"],
])("%d with %d digits is %s", (value, digits, text) => {
  expect(formatFixed(value, digits)).toBe(text);
});

test("counts have commas, and shapes brackets", () => {
  expect(formatCount(83_819_683)).toBe("83,819,683");
  expect(formatShape([1, 4, 64, 64])).toBe("[1, 4, 64, 64]");
});

test("the mean leaves out what was not measured", () => {
  expect(meanOf([1, null, 3])).toBe(2);
  expect(meanOf([null])).toBeNull();
});
