/** Two models share a latent space where each decodes the other's latents; the built-in model reconstructs well enough to tell. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AutoencoderKL,
  compareLatentSpaces,
  Generator,
  openVae,
  readImage,
  Tensor,
  writeSafetensorsFile,
  type GivenConfig,
  type LatentSpaceComparison,
  type Raster,
  type Vae,
} from "../../src/node/index.ts";
import { fileURLToPath } from "node:url";
import { fixturePath } from "../conformance/fixtures.ts";
import { Mlp, runtimes } from "../small-models.ts";

const size = { width: 64, height: 64 };
let folder: string;
let builtIn: Vae;
let picture: Raster;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-spaces-"));
  builtIn = await AutoencoderKL.default({ device: "cpu" });
  picture = await readImage(fileURLToPath(new URL("../../assets/sample.png", import.meta.url)));
});
afterAll(async () => {
  await builtIn.dispose();
  await rm(folder, { recursive: true });
});

/** The built-in model with some weights changed or left out. */
async function changed(
  name: string,
  change: (name: string, tensor: Tensor) => Tensor | undefined,
): Promise<Vae> {
  const path = join(folder, `${name}.safetensors`);
  const tensors = [...(await builtIn.stateDict())].flatMap(([key, tensor]): [string, Tensor][] => {
    const kept = change(key, tensor);
    return kept === undefined ? [] : [[key, kept]];
  });
  await writeSafetensorsFile(path, new Map(tensors));
  const config = join(folder, "config.json");
  await writeFile(config, builtIn.configText());
  return openVae(path, { config, device: "cpu" });
}

const compare = (a: Vae, b: Vae): Promise<LatentSpaceComparison> =>
  compareLatentSpaces([a, b], picture, { size });

describe("the built-in model", () => {
  test("shares its latent space with itself", async () => {
    const { verdict, pictures } = await compare(builtIn, builtIn);
    expect(verdict).toBe("same");
    expect(pictures.map(({ encoder, decoder }) => [encoder, decoder])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    expect(new Set(pictures.map(({ psnr }) => psnr)).size).toBe(1);
  });

  test("does not share it with one whose latents are the negative of its own", async () => {
    await using negative = await withNegativeLatents(0);
    const { verdict, reason, pictures } = await compare(builtIn, negative);
    expect(verdict).toBe("different");
    expect(reason).toMatch(
      /^latents of the other model cost \d+\.\d dB at most, beside \d+\.\d dB of the weaker/,
    );
    const [own, , , ownOfNegative] = pictures;
    // The same sums with another sign.
    expect(ownOfNegative!.psnr).toBeCloseTo(own!.psnr, 1);
  });

  test("is near one that differs in the eight latent channels that say least", async () => {
    await using further = await withNegativeLatents(8);
    expect((await compare(builtIn, further)).verdict).toBe("near");
  });

  test("is compared with a half alone by what the halves can do", async () => {
    await using decoder = await changed("decoder", (name, tensor) =>
      name.startsWith("decoder.") ? tensor : undefined,
    );
    const { verdict, pictures } = await compare(decoder, builtIn);
    expect(verdict).toBe("same");
    expect(pictures.map(({ encoder, decoder: by }) => [encoder, by])).toEqual([
      [1, 0],
      [1, 1],
    ]);
    await expect(compare(decoder, decoder)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining(
        "expected an encoder in one model and a decoder in the other",
      ) as string,
    });
  });

  test("is not compared with a model whose own pictures are poor", async () => {
    await using random = AutoencoderKL.fromConfig(
      { ...(JSON.parse(builtIn.configText()) as GivenConfig) },
      { generator: Generator.torch(0), device: "cpu" },
    );
    const { verdict, reason } = await compare(builtIn, random);
    expect(verdict).toBe("unclear");
    expect(reason).toMatch(/one reaches \d+\.\d dB$/);
  });

  test("has other latents than one of four channels, which is told without decoding", async () => {
    await using other = await openVae(fixturePath("models/sd"), { device: "cpu" });
    expect(await compare(builtIn, other)).toMatchObject({
      verdict: "different",
      reason: "one has 16 latent channels, the other 4",
      pictures: [],
    });
  });

  test("is not compared with a model of rows", async () => {
    await using rows = Mlp.of(runtimes["Node"]!());
    await expect(compare(builtIn, rows)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});

/** The built-in model's pictures, from latents of which some have the other sign; its 16 means are the first moments. */
function withNegativeLatents(from: number): Promise<Vae> {
  return changed(`negative-${from}`, (name, tensor) => {
    if (name.startsWith("encoder.conv_out.")) return negated(tensor, 0, from, 16);
    return name === "decoder.conv_in.weight" ? negated(tensor, 1, from, 16) : tensor;
  });
}

/** With another sign from an index of an axis on, up to an end. */
function negated(tensor: Tensor, axis: number, from: number, end: number): Tensor {
  const stride = tensor.shape.slice(axis + 1).reduce((product, length) => product * length, 1);
  const indexOf = (i: number): number => Math.floor(i / stride) % tensor.shape[axis]!;
  const values = tensor.toFloat32().data.map((value, i) => {
    const index = indexOf(i);
    return index >= from && index < end ? -value : value;
  });
  return Tensor.from(values, tensor.shape);
}
