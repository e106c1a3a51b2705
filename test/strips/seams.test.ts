/**
 * Seams as numbers: a smooth gradient with one bright corner through the built-in model. In diffusers' tiles every tile
 * has its own tone; in exact strips the picture is the untiled one.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoencoderKL, parseConfig, Tensor, type Tiling } from "../../src/node/index.ts";
import { seamPicture } from "../../tools/seam-picture.mjs";

type Planes = Tensor<"float32">;

/** Tiles of 128 pixels, one every 96 in both directions; no side is a multiple of a tile's, nor of its distance. */
const sampleSize = 128;
const [height, width] = [296, 344];
/** Rounding: the bound that every model of the fixtures keeps. */
const tolerance = { absolute: 2e-4 };
/** Sums of a whole picture in float32, one number after another, gave 3.0e-4. */
const largeTolerance = { absolute: 5e-5 };
/** 8-bit levels from -1 to 1. */
const levels = 127.5;

const folder = fileURLToPath(new URL("../../assets/default-vae/", import.meta.url));
const pixels = Tensor.from(seamPicture(height, width), [1, 3, height, width]);
let vae: AutoencoderKL;
let latents: Planes;

beforeAll(async () => {
  const { config } = parseConfig(JSON.parse(readFileSync(`${folder}config.json`, "utf8")), "config.json");
  vae = await AutoencoderKL.fromSingleFile(`${folder}diffusion_pytorch_model.safetensors`, {
    config: { ...config, sampleSize },
    device: "cpu",
  });
  latents = await encode("off");
});
afterAll(() => vae.dispose());

const encode = async (tiling: Tiling): Promise<Planes> =>
  (await vae.encode(pixels, { tiling })).latentDist.mode();
const decode = async (tiling: Tiling): Promise<Planes> =>
  (await vae.decode(latents, { tiling })).sample.toFloat32();

/** a - b. */
const minus = (a: Planes, b: Planes): Planes =>
  Tensor.from(
    a.data.map((value, i) => value - b.data[i]!),
    a.shape,
  );

const largest = ({ data }: Planes): number =>
  data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The part of each tile, along one side, that no neighbour fades into: [from, to). */
function ownParts(length: number, tile: number): { from: number; to: number }[] {
  const [kept, faded] = [tile * 0.75, tile * 0.25];
  return Array.from({ length: Math.ceil(length / kept) }, (_, i) => ({
    from: i === 0 ? 0 : i * kept + faded,
    to: Math.min(length, (i + 1) * kept),
  })).filter(({ from, to }) => to > from);
}

/** The mean of an error over each tile's own part: of the first channel, rows of tiles from the top. */
function tonesOfTiles({ data, shape }: Planes, tile: number): number[] {
  const [, , rows, columns] = shape as [number, number, number, number];
  return ownParts(rows, tile).flatMap((down) =>
    ownParts(columns, tile).map((across) => {
      let sum = 0;
      for (let y = down.from; y < down.to; y++)
        for (let x = across.from; x < across.to; x++) sum += data[y * columns + x]!;
      return sum / ((down.to - down.from) * (across.to - across.from));
    }),
  );
}

/** The largest step of an error from the last pixel before a fade to the first one after it, between tiles side by side. */
function largestJump({ data, shape }: Planes, tile: number): number {
  const [, channels, rows, columns] = shape as [number, number, number, number];
  const parts = ownParts(columns, tile);
  let jump = 0;
  for (let line = 0; line < channels * rows; line++) {
    parts.slice(1).forEach(({ from }, i) => {
      const step = data[line * columns + from]! - data[line * columns + parts[i]!.to - 1]!;
      jump = Math.max(jump, Math.abs(step));
    });
  }
  return jump;
}

const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);

/** Measured: 118 levels, 85 levels and 17.8 levels; 1.03, 0.42 and 0.49 in latents, whose deviation is about 1. */
const seams = [
  { half: "decoder", code: decode, tile: sampleSize, difference: 60, jump: 40, tones: 9 },
  { half: "encoder", code: encode, tile: sampleSize / 8, difference: 0.5, jump: 0.2, tones: 0.25 },
] as const;

describe.each(seams)("$half", ({ half, code, tile, difference, jump, tones }) => {
  const unit = half === "decoder" ? 1 / levels : 1;
  let untiled: Planes;
  beforeAll(async () => {
    untiled = await code("off");
  });

  test("diffusers' tiles differ from the untiled result, in tone and from one border to the next", async () => {
    const error = minus(await code("diffusers"), untiled);
    expect(largest(error)).toBeGreaterThan(difference * unit);
    expect(largestJump(error, tile)).toBeGreaterThan(jump * unit);
    expect(spread(tonesOfTiles(error, tile))).toBeGreaterThan(tones * unit);
  });

  test("exact strips show none of it", async () => {
    const size = half === "decoder" ? latents.shape : pixels.shape;
    const plan = await vae.plan(half, { batch: 1, height: size[2]!, width: size[3]! }, { tiling: "exact" });
    expect(plan.stripCount).toBeGreaterThan(1);
    const exact = await code("exact");
    const error = minus(exact, untiled);
    expect(exact).toBeAllclose(untiled, tolerance);
    // Means over whole tiles: rounding averages out, a tile's own tone would not.
    expect(spread(tonesOfTiles(error, tile))).toBeLessThan(2e-5);
  });
});

test("on a large picture, strips and the untiled result agree: statistics are as right in both", async () => {
  const side = 768;
  const large = Tensor.from(seamPicture(side, side), [1, 3, side, side]);
  const encoded = (await vae.encode(large, { tiling: "off" })).latentDist.mode();
  expect((await vae.encode(large, { tiling: "exact" })).latentDist.mode()).toBeAllclose(
    encoded,
    largeTolerance,
  );
  const decoded = (await vae.decode(encoded, { tiling: "off" })).sample.toFloat32();
  expect((await vae.decode(encoded, { tiling: "exact" })).sample.toFloat32()).toBeAllclose(
    decoded,
    largeTolerance,
  );
});
