import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { RunLoopParts } from "./run-loop-parts.ts";
import { writeSampleSheets } from "./sample-sheets.ts";

type Floats = Tensor<"float32">;

interface Sheets {
  readonly files: Map<string, Uint8Array>;
  readonly events: string[];
  /** Shapes of what was encoded, and of what was decoded. */
  readonly encoded: (readonly number[])[];
  readonly decoded: Floats[];
  readonly readCount: number;
}

/** The sheets of a model that gives every picture back, whose latents are the pictures. */
async function sheetsOf(
  batches: readonly Floats[],
  { count = 8, seed = 0, followsPrior = false, step = 7 } = {},
): Promise<Sheets> {
  const files = new Map<string, Uint8Array>();
  const events: string[] = [];
  const encoded: (readonly number[])[] = [];
  const decoded: Floats[] = [];
  let readCount = 0;
  const parts = {
    run: {
      writeSample: (name: string, png: Uint8Array) => {
        files.set(name, png);
        return Promise.resolve(name);
      },
      events: { image: (at: number, tag: string) => events.push(`${at} ${tag}`) },
    },
    engine: {
      step,
      reconstruct: (sample: Floats) => {
        encoded.push(sample.shape);
        return Promise.resolve({ latents: sample, reconstruction: sample });
      },
      decode: (z: Floats) => {
        decoded.push(z);
        return Promise.resolve(z);
      },
    },
    model: { latents: followsPrior ? undefined : {}, network: { posterior: () => undefined } },
    options: { recipe: { ema: null, seed, data: { range: "unit" }, samples: { count } } },
    data: {
      hasValidation: true,
      async *validation() {
        for (const batch of batches) {
          readCount++;
          yield await Promise.resolve(batch);
        }
      },
    },
  };
  await writeSampleSheets(parts as unknown as RunLoopParts);
  return { files, events, encoded, decoded, readCount };
}

/** Pictures of one channel whose values are the row over 1000, so that a crop shows. */
function rising(count: number, height: number, width: number): Floats {
  const size = height * width;
  const data = Float32Array.from(
    { length: count * size },
    (_, i) => (Math.floor((i % size) / width) + (i % width)) / 1000,
  );
  return Tensor.from(data, [count, 1, height, width]);
}

describe("a run's sheets", () => {
  it("are three files of the step, and three pictures for TensorBoard", async () => {
    const { files, events } = await sheetsOf([rising(3, 4, 4)]);
    expect([...files.keys()]).toEqual([
      "step-000007-reconstructions.png",
      "step-000007-prior.png",
      "step-000007-interpolation.png",
    ]);
    expect(events).toEqual(["7 samples/reconstructions", "7 samples/prior", "7 samples/interpolation"]);
  });

  it("show as many pictures as the recipe says, one by one, and read no further", async () => {
    const batches = [rising(2, 4, 4), rising(2, 4, 4), rising(2, 4, 4)];
    const some = await sheetsOf(batches, { count: 3 });
    expect([some.readCount, some.encoded]).toEqual([2, Array(3).fill([1, 1, 4, 4])]);
    const exact = await sheetsOf(batches, { count: 2 });
    expect([exact.readCount, exact.encoded]).toHaveLength(2);
    expect(exact.readCount).toBe(1);
    const all = await sheetsOf(batches, { count: 9 });
    expect([all.readCount, all.encoded.length]).toEqual([3, 6]);
  });

  it("show the middle of pictures of more than 256 pixels a side", async () => {
    const { encoded, files } = await sheetsOf([rising(1, 260, 300)], { count: 1 });
    expect(encoded).toEqual([[1, 1, 256, 256]]);
    const { data, info } = await sharp(files.get("step-000007-reconstructions.png"))
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info.width).toBe(256);
    // Two rows and 22 columns are cut off: the first pixel is 24 / 1000 of white.
    expect(data[0]).toBe(Math.round((24 / 1000) * 255));
    const whole = await sheetsOf([rising(1, 256, 256)], { count: 1 });
    expect(whole.encoded).toEqual([[1, 1, 256, 256]]);
  });

  it("leave rows as they are", async () => {
    const { encoded } = await sheetsOf([Tensor.zeros([2, 9])]);
    expect(encoded).toEqual([
      [1, 9],
      [1, 9],
    ]);
  });

  it("draw from the prior itself where latents follow it, the same numbers at every step, others for a seed", async () => {
    const batch = [rising(2, 4, 4)];
    const prior = ({ decoded }: Sheets): number[] => decoded.slice(0, 2).flatMap(({ data }) => [...data]);
    const noise = [...Generator.philox(5).randn([2, 1, 4, 4]).data];
    const followed = await sheetsOf(batch, { seed: 5, followsPrior: true });
    expect(prior(followed)).toEqual(noise);
    expect(prior(await sheetsOf(batch, { seed: 5, followsPrior: true, step: 9 }))).toEqual(noise);
    expect(prior(await sheetsOf(batch, { seed: 6, followsPrior: true }))).not.toEqual(noise);
    // With the latents' own mean and deviation elsewhere.
    const own = prior(await sheetsOf(batch, { seed: 5 }));
    const { data } = rising(2, 4, 4);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const std = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
    expect(own).toBeAllclose(
      noise.map((value) => value * std + mean),
      { absolute: 1e-6 },
    );
  });

  it("go from the first picture to the second in eight pictures", async () => {
    const { decoded } = await sheetsOf([rising(2, 4, 4)]);
    const way = decoded.slice(2);
    expect(way).toHaveLength(8);
    expect(way[0]!.data).toBeAllclose(rising(1, 4, 4).data, { absolute: 1e-6 });
  });
});
