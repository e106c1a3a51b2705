import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { writeCurves } from "./curves.ts";
import type { MetricsRecord, RunDirectory } from "./run-folder/index.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-curves-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function curvesOf(...records: MetricsRecord[]): Promise<string> {
  const path = join(folder, "log.jsonl");
  await writeFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  await writeCurves({ path: folder, log: { path } } as unknown as RunDirectory, "a title");
  return readFile(join(folder, "curves.svg"), "utf8");
}

/** How many points each line has. */
const lines = (svg: string): number[] =>
  [...svg.matchAll(/<polyline[^>]*points="([^"]*)"/g)].map(
    ([, points]) => points!.trim().split(/\s+/).length,
  );

const validation = (step: number, values: Record<string, number>): MetricsRecord => ({
  step,
  validation: values,
});

it("the curves of a run are its loss and the first of PSNR, likelihood and loss that was judged", async () => {
  const loss = [1, 2, 3].map((step) => ({ step, loss: 1 / step, kl: 5 }));
  const plain = await curvesOf(...loss);
  expect(plain).toContain("a title");
  expect(plain).not.toContain("validation:");
  expect(lines(plain)).toEqual([3]);

  const psnr = { psnr: 20, ema_psnr: 21, loss: 3, nll: 4 };
  const first = await curvesOf(...loss, validation(2, psnr), validation(3, { ...psnr, psnr: 22 }));
  expect(first).toContain("validation: PSNR in dB");
  expect(lines(first)).toEqual([3, 2, 2]);

  const judged = await curvesOf(...loss, validation(2, { loss: 3 }), validation(3, { loss: 2, nll: 4 }));
  expect(judged).toContain("validation: -log p(x) in nats");
  const only = await curvesOf(...loss, validation(2, { loss: 3 }), validation(3, { loss: 2 }));
  expect(only).toContain("validation: loss");
  expect(lines(only).slice(0, 2)).toEqual([3, 2]);
});

it("a loss that was no number is left out", async () => {
  const svg = await curvesOf({ step: 1, loss: 2 }, { step: 2, loss: "NaN" }, { step: 3, loss: 1 });
  expect(lines(svg)).toEqual([2]);
});
