/** FLUX.2's weights in every layout that Black Forest Labs and diffusers give them, whole and by halves. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { AutoencoderKLFlux2, DiagonalGaussianDistribution, openVae } from "../../src/node/index.ts";
import type { OpenVaeOptions } from "../../src/node/index.ts";
import { fixturePath, readGoldens } from "./fixtures.ts";
import { modelTolerance } from "./tolerance.ts";

const goldens = readGoldens("flux2-models/files/golden.safetensors");
const mode = new DiagonalGaussianDistribution(goldens.get("parameters")).mode();
const file = (name: string): string => fixturePath(`flux2-models/files/${name}.safetensors`);

/** No shape says how many groups the normalisations have. */
const options = { device: "cpu", config: { norm_num_groups: 4 } } as const satisfies OpenVaeOptions;

const folder = mkdtempSync(join(tmpdir(), "vaekit-flux2-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const pairs = {
  "two halves with statistics": { encoder: file("encoder"), decoder: file("decoder") },
  "an encoder and the decoder without a prefix": { encoder: file("encoder"), decoder: file("small_decoder") },
  "a whole model's encoder and the decoder without a prefix": {
    encoder: file("full_encoder_small_decoder"),
    decoder: file("small_decoder"),
  },
};

describe.each([
  ["Black Forest Labs' names", file("full_encoder_small_decoder")],
  ["vae. in a checkpoint", file("checkpoint")],
  ["first_stage_model. in a checkpoint", file("first-stage")],
  ["diffusers' names", file("diffusers")],
  ...Object.entries(pairs),
])("%s", (_, source) => {
  test("are an AutoencoderKLFlux2 with diffusers' numbers and the pipeline's scaling", async () => {
    const warnings: string[] = [];
    await using vae = await openVae(source, { ...options, onWarning: (text) => warnings.push(text) });
    expect(vae).toBeInstanceOf(AutoencoderKLFlux2);
    expect(warnings).toEqual([]);
    expect((await vae.encode(goldens.get("pixels"))).latents()).toBeAllclose(mode, modelTolerance);
    const { sample } = await vae.decode(goldens.get("latents"));
    expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
    // The deviations are neighbours, and the sum may lie near 0.
    const denormalized = vae.denormalizeLatents(goldens.get("latents"));
    expect(denormalized).toBeAllclose(goldens.get("denormalized"), { absolute: 1e-6, relative: 2 ** -22 });
  });
});

test("AutoencoderKLFlux2.fromSingleFile opens a whole file", async () => {
  await using vae = await AutoencoderKLFlux2.fromSingleFile(file("full_encoder_small_decoder"), options);
  expect(vae.config).toMatchObject({ blockOutChannels: [4, 4], decoderBlockOutChannels: [8, 4] });
});

test("16 bits are the numbers rounded, and an int64 stays one", async () => {
  await using vae = await openVae(file("bfloat16"), options);
  const { sample } = await vae.decode(goldens.get("latents"));
  // Weights of 8 binary digits through two levels.
  expect(sample).toBeAllclose(goldens.get("sample"), { absolute: 0.1 });
  const state = await vae.stateDict();
  expect(state.get("bn.running_var")?.dtype).toBe("bfloat16");
  expect(state.get("bn.num_batches_tracked")).toMatchObject({ dtype: "int64", shape: [] });
});

test("a half in 16 bits fits one in 32: their statistics are one model's", async () => {
  const pair = { encoder: file("bfloat16"), decoder: file("decoder") };
  await using vae = await openVae(pair, options);
  expect(vae.halves).toEqual(["encoder", "decoder"]);
});

test("two halves are saved as one model, which diffusers' config describes", async () => {
  const pair = pairs["an encoder and the decoder without a prefix"];
  const path = join(folder, "joined");
  {
    await using vae = await openVae(pair, options);
    await vae.savePretrained(path);
  }
  await using vae = await AutoencoderKLFlux2.fromPretrained(path, { device: "cpu" });
  expect(JSON.parse(vae.configText())).toMatchObject({
    _class_name: "AutoencoderKLFlux2",
    block_out_channels: [4, 4],
    decoder_block_out_channels: [8, 4],
    patch_size: [2, 2],
  });
  const { sample } = await vae.decode(goldens.get("latents"));
  expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
  expect(vae.bufferTable()).toEqual([
    { name: "bn.running_mean", shape: [16], dtype: "float32" },
    { name: "bn.running_var", shape: [16], dtype: "float32" },
    { name: "bn.num_batches_tracked", shape: [], dtype: "int64" },
  ]);
  const state = await vae.stateDict();
  expect([...state.keys()].sort()).toEqual(
    [...vae.parameterTable(), ...vae.bufferTable()].map(({ name }) => name).sort(),
  );
  expect(state.get("bn.num_batches_tracked")?.data).toEqual(BigInt64Array.of(1234n));
});

test("the decoder alone decodes, and says what it cannot", async () => {
  const config = { ...options.config, _class_name: "AutoencoderKLFlux2" };
  await using vae = await openVae({ decoder: file("small_decoder") }, { ...options, config });
  expect(vae).toBeInstanceOf(AutoencoderKLFlux2);
  const { sample } = await vae.decode(goldens.get("latents"));
  expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
  await expect(vae.encode(goldens.get("pixels"))).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringContaining("encode needs the encoder; this model is its decoder alone") as string,
  });
  expect(() => vae.denormalizeLatents(goldens.get("latents"))).toThrow(
    expect.objectContaining({
      code: "UNSUPPORTED",
      message: expect.stringContaining(
        "the scaling of latents needs bn.running_mean and bn.running_var, which are not with this decoder. Open it together with the encoder",
      ) as string,
    }) as Error,
  );
});

test("the encoder alone encodes", async () => {
  await using vae = await openVae(file("encoder"), options);
  expect(vae).toBeInstanceOf(AutoencoderKLFlux2);
  expect(vae.halves).toEqual(["encoder"]);
  expect((await vae.encode(goldens.get("pixels"))).latents()).toBeAllclose(mode, modelTolerance);
  await expect(vae.decode(goldens.get("latents"))).rejects.toThrow("decode needs the decoder");
});
