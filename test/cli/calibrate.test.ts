/** `vaekit calibrate`: what is measured, on which pictures, and where the results go. */
import { readFile, rm } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { model, small, workFolder } from "./run-cli.ts";

const { at, files, run, succeed, json } = workFolder();

describe("calibrate", () => {
  const calibrate = ["calibrate", "../a.png", "../b.png", ...model, ...small];
  let both: Record<string, unknown> | undefined;
  /** The modes of both pictures, computed once. */
  const modes = async (): Promise<Record<string, unknown>> => (both ??= await json(...calibrate));
  let one: Record<string, unknown> | undefined;
  /** Those of the first one. */
  const modesOfFirst = async (): Promise<Record<string, unknown>> =>
    (one ??= await json("calibrate", "../a.png", ...model, ...small));
  const factor = ({ estimates }: Record<string, unknown>): number =>
    (estimates as { scalingFactor: { value: number } }).scalingFactor.value;

  test("takes the first pictures that --limit allows", async () => {
    const first = await modesOfFirst();
    const limited = await json(...calibrate, "--limit", "1");
    expect(limited).toEqual(first);
    expect(first.pictures).toBe(1);
    expect(await json(...calibrate, "--limit", "2")).toEqual(await modes());
    expect((await json(...calibrate, "--limit", "9")).pictures).toBe(2);
  });

  test("measures modes, or samples of the seed", async () => {
    const [mode, zero, seeded] = [
      await modes(),
      await json(...calibrate, "--sample"),
      await json(...calibrate, "--sample", "--seed", "3"),
    ];
    expect(new Set([mode, zero, seeded].map(factor)).size).toBe(3);
    expect(await json(...calibrate, "--sample", "--seed", "0")).toEqual(zero);
  });

  test("cuts squares with --crop, of a size that is one number", async () => {
    const cropped = await json("calibrate", "../a.png", ...model, "--size", "16", "--crop");
    expect(cropped).toEqual(await modesOfFirst());
    for (const size of ["16x16", "original"]) {
      const { code, stderr } = await run("calibrate", "../a.png", ...model, "--size", size, "--crop");
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^vaekit: --crop: expected --size N/)]);
    }
  });

  test("says where the chart is, but not between the lines of JSON", async () => {
    expect(await succeed(...calibrate, "--chart", "c.svg")).toMatch(/\n\nChart: c\.svg\n$/);
    const chart = await readFile(at("c.svg"), "utf8");
    const { estimates } = await modes();
    const { scalingFactor, shiftFactor } = estimates as Record<string, { value: number }>;
    expect(chart).toContain(">../model, 2 pictures<");
    // Rounded to the digits that a chart has room for.
    for (const [name, { value }] of [
      ["scaling_factor", scalingFactor!],
      ["shift_factor", shiftFactor!],
    ] as const)
      expect(Number(new RegExp(`>${name} (-?[\\d.e-]+)`).exec(chart)?.[1])).toBeCloseTo(value, 2);
    await rm(at("c.svg"));
    expect(await json(...calibrate, "--chart", "c.svg")).toMatchObject({
      model: "../model",
      pictures: 2,
      valuesPerChannel: 8,
    });
    expect(await files()).toEqual(["c.svg"]);
    expect(await succeed(...calibrate)).not.toContain("Chart");
  });

  test("offers the fields of a config", async () => {
    const { config, estimates } = await modes();
    const { value } = (estimates as { scalingFactor: { value: number } }).scalingFactor;
    expect(config).toMatchObject({
      global: { scaling_factor: Number(value.toPrecision(5)), latents_mean: null },
      perChannel: { scaling_factor: 1, shift_factor: null },
    });
  });
});
