/** Models of videos give diffusers' numbers for one frame. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openVae, type NodeVae } from "../../src/node/index.ts";
import { AutoencoderKLOutput } from "../../src/latents/index.ts";
import type { HalfTiles, VaeModel } from "../../src/models/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import type { Tiling } from "../../src/vae/options.ts";
import type { Vae } from "../../src/vae/vae.ts";
import { openVaeOn } from "../models-on-runtimes.ts";
import { fixturePath, manifest, readGoldens } from "./fixtures.ts";
import { modelTolerance } from "./tolerance.ts";

const whole = manifest.video_models.filter(({ tiled }) => !tiled);

async function coded(
  vae: Vae,
  goldens: ReturnType<typeof readGoldens>,
  tiling: Tiling,
): Promise<{ parameters: Tensor; sample: Tensor }> {
  const encoded = await vae.encode(goldens.get("pixels"), { tiling });
  if (!(encoded instanceof AutoencoderKLOutput)) throw new Error("expected a posterior");
  const { sample } = await vae.decode(goldens.get("latents"), { tiling });
  return { parameters: encoded.latentDist.parameters, sample };
}

describe.each(whole)("$name ($covers)", ({ folder, golden, class_name }) => {
  const goldens = readGoldens(golden);
  let vae: NodeVae;
  beforeAll(async () => {
    vae = await openVae(fixturePath(folder), { device: "cpu" });
  });
  afterAll(() => vae.dispose());

  test.each(["off", "exact", "auto"] as const)(
    "%s gives diffusers' parameters and sample",
    async (tiling) => {
      expect(vae.className).toBe(class_name);
      const { parameters, sample } = await coded(vae, goldens, tiling);
      expect(parameters).toBeAllclose(goldens.get("parameters"), modelTolerance);
      expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
    },
  );

  test("latents are rescaled as pipelines do", () => {
    const latents = goldens.get("latents");
    // The same operations of float32 in the same order.
    expect(vae.normalizeLatents(latents)).toBeAllclose(goldens.get("normalized"), { absolute: 0 });
    expect(vae.denormalizeLatents(latents)).toBeAllclose(goldens.get("denormalized"), { absolute: 0 });
  });

  test("every tensor of the file is the model's", () => {
    expect(vae.unexpectedTensors).toEqual([]);
  });
});

describe("on WebAssembly", () => {
  test.each(whole)("$name gives diffusers' parameters and sample, whole and in strips", async (each) => {
    const goldens = readGoldens(each.golden);
    await using vae = await openVaeOn("onnxruntime-web (WebAssembly)", fixturePath(each.folder));
    for (const tiling of ["off", "exact"] as const) {
      const { parameters, sample } = await coded(vae, goldens, tiling);
      expect(parameters).toBeAllclose(goldens.get("parameters"), modelTolerance);
      expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
    }
  });
});

/** The class with smaller tiles: its own have 256 pixels. */
const withTiles =
  (side: number) =>
  (model: VaeModel): VaeModel => ({
    ...model,
    facts: (config) => {
      const facts = model.facts(config);
      const { pixels, halves } = facts.tiles!;
      const scaled = ({ tile, result, most }: HalfTiles): HalfTiles => {
        const by = (length: number): number => (length * side) / pixels;
        return { tile: by(tile), result: by(result), most: by(most) };
      };
      const { encoder, decoder } = halves!;
      const tiles = { ...facts.tiles!, halves: { encoder: scaled(encoder), decoder: scaled(decoder) } };
      return { ...facts, tiles };
    },
  });

describe.each(manifest.video_models.filter(({ tiled }) => tiled))("$name ($covers)", (each) => {
  const goldens = readGoldens(each.golden);

  test("in diffusers' tiles gives diffusers' parameters and sample", async () => {
    await using vae = await openVaeOn("onnxruntime-node", fixturePath(each.folder), withTiles(each.tile!));
    const { parameters, sample } = await coded(vae, goldens, "diffusers");
    expect(parameters).toBeAllclose(goldens.get("tiled_parameters"), modelTolerance);
    expect(sample).toBeAllclose(goldens.get("tiled_sample"), modelTolerance);
  });

  test("with slicing, a batch in tiles is its pictures in tiles", async () => {
    await using vae = await openVaeOn("onnxruntime-node", fixturePath(each.folder), withTiles(each.tile!));
    const latents = goldens.get("latents").toFloat32();
    const [, ...shape] = latents.shape;
    const twice = Tensor.from(new Float32Array([...latents.data, ...latents.data]), [2, ...shape]);
    const { sample } = await vae.decode(twice, { tiling: "diffusers", slicing: true });
    const golden = goldens.get("tiled_sample").data as Float32Array;
    expect(sample).toBeAllclose(
      Tensor.from(new Float32Array([...golden, ...golden]), sample.shape),
      modelTolerance,
    );
  });
});

test("diffusers' tiles have 256 pixels, of which a quarter overlaps; of patches, 256 of these", async () => {
  const sidesOf = async (name: string): Promise<unknown> => {
    await using vae = await openVae(fixturePath(`video-models/${name}`), { device: "cpu" });
    expect(vae.facts.tiles?.overlap).toBe(0.25);
    return vae.facts.tiles?.halves;
  };
  // Four pixels to a latent.
  expect(await sidesOf("wan-2.1")).toEqual({
    encoder: { tile: 256, result: 64, most: 256 },
    decoder: { tile: 64, result: 256, most: 64 },
  });
  // Eight, and patches of 2x2.
  expect(await sidesOf("wan-2.2")).toEqual({
    encoder: { tile: 512, result: 64, most: 256 },
    decoder: { tile: 32, result: 128, most: 32 },
  });
});

describe("an axis of one frame", () => {
  let vae: NodeVae;
  beforeAll(async () => {
    vae = await openVae(fixturePath("video-models/wan-2.1"), { device: "cpu" });
  });
  afterAll(() => vae.dispose());
  const goldens = readGoldens("video-models/wan-2.1/golden.safetensors");
  const framed = (x: Tensor): Tensor => x.reshape(x.shape.toSpliced(2, 0, 1));

  test("is taken, and changes nothing but the shape of scaled latents", async () => {
    const [pixels, latents] = [goldens.get("pixels"), goldens.get("latents")];
    const same = { absolute: 0 };
    const encoded = (await vae.encode(framed(pixels))).latents();
    expect(encoded).toBeAllclose((await vae.encode(pixels)).latents(), same);
    const { sample } = await vae.decode(framed(latents));
    expect(sample).toBeAllclose((await vae.decode(latents)).sample, same);
    expect(vae.normalizeLatents(framed(latents))).toBeAllclose(framed(goldens.get("normalized")), same);
    expect(vae.denormalizeLatents(framed(latents))).toBeAllclose(framed(goldens.get("denormalized")), same);
  });

  test("of several frames is refused: video is not supported", async () => {
    const video = Tensor.zeros([1, 3, 5, 16, 16]);
    const refused = (call: string, found: string): Error =>
      expect.objectContaining({
        code: "UNSUPPORTED",
        message: `${call}: video: not supported; expected one frame, ${found}. Pass one frame at a time.`,
      }) as Error;
    await expect(vae.encode(video)).rejects.toEqual(
      refused("encode", "[N, 3, 1, 16, 16] or [N, 3, 16, 16], found [1, 3, 5, 16, 16]"),
    );
    const latents = Tensor.zeros([1, 4, 2, 8, 8]);
    const found = "[N, 4, 1, 8, 8] or [N, 4, 8, 8], found [1, 4, 2, 8, 8]";
    await expect(vae.decode(latents)).rejects.toEqual(refused("decode", found));
    expect(() => vae.normalizeLatents(latents)).toThrow(refused("latents", found));
  });
});
