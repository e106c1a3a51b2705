/** A fast picture first: `{ preview, onPreview }` of decode and decodeImage. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoencoderKL, AutoencoderTiny, Generator, type DecoderOutput } from "../../src/node/index.ts";
import type { Picture } from "../../src/images/picture.ts";
import { tinyConfig } from "../cli/run-cli.ts";

const stages = {
  encoderBlockOutChannels: [4, 4, 4, 4],
  decoderBlockOutChannels: [4, 4, 4, 4],
};
const normalized = Generator.torch(3).randn([1, 4, 3, 5]);
let vae: AutoencoderKL;
let tiny: AutoencoderTiny;
beforeAll(() => {
  const options = { device: "cpu", generator: Generator.torch(0) } as const;
  vae = AutoencoderKL.fromConfig({ ...tinyConfig, scalingFactor: 0.5, shiftFactor: 0.25 }, options);
  tiny = AutoencoderTiny.fromConfig(stages, options);
});
afterAll(() => Promise.all([vae.dispose(), tiny.dispose()]));

test("decodeImage tells of the tiny model's picture of the same latents before its own", async () => {
  const told: Picture[] = [];
  let isDone = false;
  const picture = await vae.decodeImage(normalized, {
    preview: tiny,
    onPreview: (preview) => {
      expect(isDone).toBe(false);
      told.push(preview);
    },
    onProgress: ({ done, total }) => {
      isDone = done === total;
    },
  });
  expect(told.map(({ data }) => data)).toEqual([(await tiny.decodeImage(normalized)).data]);
  expect(picture.data).toEqual((await vae.decodeImage(normalized)).data);
});

test("decode normalises the latents of this model for the tiny one", async () => {
  const told: DecoderOutput[] = [];
  const latents = vae.denormalizeLatents(normalized);
  const { sample } = await vae.decode(latents, { preview: tiny, onPreview: (output) => told.push(output) });
  expect(sample.equals((await vae.decode(latents)).sample)).toBe(true);
  expect(told).toHaveLength(1);
  // One rounding per operation of float32, there and back.
  expect(told[0]!.sample).toBeAllclose((await tiny.decode(normalized)).sample, { absolute: 1e-5 });
});

describe("is refused", () => {
  test("without somebody to tell, and without a model", async () => {
    await expect(vae.decodeImage(normalized, { preview: tiny })).rejects.toThrow(
      "decodeImage: preview: it needs onPreview beside it. Pass both, or neither.",
    );
    await expect(vae.decode(normalized, { onPreview: () => undefined })).rejects.toThrow(
      "decode: onPreview: it needs preview beside it.",
    );
    const preview = { decodeLatents: 7 } as never;
    await expect(vae.decode(normalized, { preview, onPreview: () => undefined })).rejects.toThrow(
      "decode: preview: expected a model, as openVae gives it, found an object",
    );
  });

  test("of another kind of latents", async () => {
    await using other = AutoencoderTiny.fromConfig({ ...stages, latentChannels: 16 }, { device: "cpu" });
    const options = { preview: other, onPreview: (): void => undefined };
    await expect(vae.decodeImage(normalized, options)).rejects.toThrow(
      "preview: expected a model of 4 latent channels and 8x8 pixels per latent, found random weights of 16 latent channels",
    );
  });
});
