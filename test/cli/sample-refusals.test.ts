/** `vaekit sample`: options that do not go together, and names that are no pictures. */
import { expect, test } from "vitest";
import { model, workFolder } from "./run-cli.ts";

const { files, run } = workFolder();
const sample = (...args: string[]) => ["sample", ...model, "--out", "s.png", ...args];

test.each([
  [["--add", "../a.png"], "--add, --subtract: expected at least two pictures, one of them to add."],
  [
    ["--subtract", "../a.png", "../b.png"],
    "--add, --subtract: expected at least two pictures, one of them to add.",
  ],
  [
    ["--between", "../a.png", "../b.png", "--subtract", "../a.png"],
    "--between and --add or --subtract are two commands",
  ],
  [["--between", "../a.png", "../b.png", "../a.png"], "--between: expected two pictures, found 3."],
  [
    ["--between", "../a.png", "../b.png", "--count", "2"],
    "--count is for random samples, not for --between.",
  ],
  [
    ["--add", "../a.png", "../b.png", "--steps", "2"],
    "--steps is for --between, not for --add and --subtract.",
  ],
  [["--interpolation", "lerp"], "--interpolation is for --between, not for random samples."],
  [["--count", "1", "--steps", "1"], "--steps: expected at least 2, as both ends are included."],
  [["--count", "101", "--size", "1000"], "--count 101: expected at most 100,000,000 pixels in all"],
  [
    ["--between", "../a.png", "../b.png", "--steps", "101", "--size", "1000"],
    "--steps 101: expected at most 100,000,000",
  ],
])("refuses %j", async (args, message) => {
  const { code, stdout, stderr } = await run(...sample(...args));
  expect(stderr).toContain(message);
  expect([code, stdout]).toEqual([2, ""]);
  expect(await files()).toEqual([]);
});

test("refuses a name of another kind", async () => {
  const { code, stderr } = await run("sample", ...model, "--out", "s.gif");
  expect([code, stderr]).toEqual([
    2,
    "vaekit: --out s.gif: expected a name ending in .png, .jpg, .jpeg, .webp.\n",
  ]);
  expect(await files()).toEqual([]);
});
