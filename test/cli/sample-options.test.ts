/** `vaekit sample`: what each option makes of the sheet. */
import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { model, workFolder } from "./run-cli.ts";

const { at, succeed, json } = workFolder();

describe("sample", () => {
  const sample = (...args: string[]) => ["sample", ...model, "--out", "s.png", ...args];
  const tiny = ["--size", "8"];

  test("draws 16 pictures of 256x256 in a square, of seed 0", async () => {
    expect(await json(...sample(...tiny))).toEqual({
      file: "s.png",
      mode: "prior",
      pictures: 16,
      width: 38,
      height: 38,
    });
    const first = await readFile(at("s.png"));
    await succeed(...sample(...tiny, "--seed", "0"));
    expect(await readFile(at("s.png"))).toEqual(first);
    await succeed(...sample(...tiny, "--seed", "1"));
    expect(await readFile(at("s.png"))).not.toEqual(first);
    expect(await succeed(...sample("--count", "1"))).toBe("s.png: 1 picture, 256x256\n");
  });

  test("puts so many in a row as --columns says, else the next square that holds them", async () => {
    expect(await succeed(...sample(...tiny, "--count", "5"))).toBe("s.png: 5 pictures, 28x18\n");
    expect(await succeed(...sample(...tiny, "--count", "5", "--columns", "5"))).toBe(
      "s.png: 5 pictures, 48x8\n",
    );
    expect(await succeed(...sample("--size", "16x8", "--count", "2", "--columns", "1"))).toBe(
      "s.png: 2 pictures, 16x18\n",
    );
  });

  test("goes from one picture to another in 8 steps along an arc, all in one row", async () => {
    const between = sample(...tiny, "--between", "../a.png", "../b.png");
    expect(await json(...between)).toEqual({
      file: "s.png",
      mode: "between",
      pictures: 8,
      width: 78,
      height: 8,
    });
    const arc = await readFile(at("s.png"));
    await succeed(...between, "--interpolation", "slerp");
    expect(await readFile(at("s.png"))).toEqual(arc);
    expect(await succeed(...between, "--steps", "2")).toBe("s.png: 2 pictures, 18x8\n");
  });

  test("adds pictures up, and shows the terms before their sum", async () => {
    const sum = ["--add", "../a.png", "../b.png", "--subtract", "../a.png"];
    expect(await json(...sample(...tiny, ...sum))).toEqual({
      file: "s.png",
      mode: "arithmetic",
      pictures: 4,
      width: 38,
      height: 8,
    });
  });

  test("writes what the name says", async () => {
    await succeed("sample", ...model, ...tiny, "--count", "1", "--out", "s.WEBP");
    expect((await sharp(at("s.WEBP")).metadata()).format).toBe("webp");
  });
});
