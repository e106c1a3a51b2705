/**
 * TAEF2's trained weights on photographs. Not in the repository: `VAEKIT_DATA` names a folder with `taef2/taef2_encoder.safetensors`,
 * `taef2/taef2_decoder.safetensors` and pictures in `photos/validation`; without it this test says that it is skipped.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openVae, psnr, readImage } from "../../src/node/index.ts";

const data = process.env["VAEKIT_DATA"];

/** What PyTorch gives for the same weights and pictures, 512x512 of their middle, in decibels. */
const mean = 29.897;

test.skipIf(data === undefined)(
  "TAEF2 keeps as much of photographs as in PyTorch",
  { timeout: 600_000 },
  async () => {
    const [weights, photos] = [join(data!, "taef2"), join(data!, "photos", "validation")];
    const [encoder, decoder] = ["encoder", "decoder"].map((half) =>
      join(weights, `taef2_${half}.safetensors`),
    );
    await using vae = await openVae({ encoder: encoder!, decoder: decoder! });
    const found: number[] = [];
    for (const name of await readdir(photos)) {
      const pixels = vae.preprocess(await readImage(join(photos, name)), {
        size: { width: 512, height: 512 },
      });
      const { sample } = await vae.decode((await vae.encode(pixels)).latents());
      found.push(psnr(vae.postprocess(pixels)[0]!, vae.postprocess(sample)[0]!));
    }
    // A wrong pool, norm or limit costs decibels.
    expect(found.reduce((sum, each) => sum + each, 0) / found.length).toBeCloseTo(mean, 1);
  },
);
