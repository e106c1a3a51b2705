/** What a model with a codebook does around its two graphs. */
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  openVae,
  readSafetensorsFile,
  Tensor,
  VQModel,
  writeSafetensorsFile,
  type GivenVQModelConfig,
} from "../src/node/index.ts";
import { Generator } from "../src/random/index.ts";
import { fixturePath, readGoldens } from "./conformance/fixtures.ts";

const weightsOf = (name: string): string =>
  fixturePath(`vq-models/${name}/diffusion_pytorch_model.safetensors`);

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vaekit-vq-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** The config.json of a fixture, without what the tensors say. */
async function configOf(name: string, keys: readonly string[]): Promise<GivenVQModelConfig> {
  const text = await readFile(fixturePath(`vq-models/${name}/config.json`), "utf8");
  const json = JSON.parse(text) as Record<string, unknown>;
  return Object.fromEntries(keys.map((key) => [key, json[key]]));
}

describe("a single file", () => {
  test.each(["group", "spatial", "lookup"])("of the model %s has the config of its shapes", async (name) => {
    const given = await configOf(name, ["norm_num_groups", "act_fn", "lookup_from_codebook"]);
    await using whole = await VQModel.fromPretrained(fixturePath(`vq-models/${name}`), { device: "cpu" });
    await using alone = await VQModel.fromSingleFile(weightsOf(name), { config: given, device: "cpu" });
    const { latentChannels, vqEmbedDim } = whole.config;
    expect(alone.config).toEqual({ ...whole.config, vqEmbedDim: vqEmbedDim ?? latentChannels });
  });

  test("may have the names of MoVQ's original repository", async () => {
    const original = (name: string): string =>
      name
        .replace(/^decoder\.up_blocks\.(\d)\./, (_, level: string) => `decoder.up.${1 - Number(level)}.`)
        .replace(/^encoder\.down_blocks\.(\d)\./, "encoder.down.$1.")
        .replace(/\.resnets\.(\d)\./, (_, n: string) =>
          name.includes("mid_block") ? `.block_${Number(n) + 1}.` : `.block.${n}.`,
        )
        .replace(/\.attentions\.(\d)\./, (_, n: string) =>
          name.includes("mid_block") ? `.attn_1.` : `.attn.${n}.`,
        )
        .replace(".mid_block.", ".mid.")
        .replace(/\.(group_norm|spatial_norm)\./, ".norm.")
        .replace(/\.to_(q|k|v)\./, ".$1.")
        .replace(".to_out.0.", ".proj_out.")
        .replace(".conv_shortcut.", ".nin_shortcut.")
        .replace(".conv_norm_out.", ".norm_out.")
        .replace(/\.(up|down)samplers\.0\./, ".$1sample.");
    const { tensors } = await readSafetensorsFile(weightsOf("spatial"));
    const path = join(await temporaryFolder(), "movq.safetensors");
    await writeSafetensorsFile(path, new Map([...tensors].map(([name, tensor]) => [original(name), tensor])));
    await using vae = await openVae(path, { config: { norm_num_groups: 16 }, device: "cpu" });
    const goldens = readGoldens("vq-models/spatial/golden.safetensors");
    const { sample } = await vae.decode(goldens.get("latents"));
    expect(sample).toBeAllclose(goldens.get("sample"), { absolute: 1e-4 });
  });

  test("of a codebook that its config does not have is refused", async () => {
    await expect(
      VQModel.fromSingleFile(weightsOf("group"), { config: { num_vq_embeddings: 20, norm_num_groups: 4 } }),
    ).rejects.toMatchObject({
      code: "INVALID_CONFIG",
      message: expect.stringContaining("num_vq_embeddings: expected 19, found 20") as string,
    });
  });

  test("has no family", async () => {
    await expect(VQModel.fromSingleFile(weightsOf("group"), { as: "sd1" })).rejects.toThrow(
      "`as` names families of AutoencoderKL, and this is a VQModel. Leave it out",
    );
  });
});

describe("decode", () => {
  let group: VQModel;
  let spatial: VQModel;
  let lookup: VQModel;
  beforeAll(async () => {
    const open = (name: string): Promise<VQModel> =>
      VQModel.fromPretrained(fixturePath(`vq-models/${name}`), { device: "cpu" });
    [group, spatial, lookup] = await Promise.all([open("group"), open("spatial"), open("lookup")]);
  });
  afterAll(() => Promise.all([group, spatial, lookup].map((vae) => vae.dispose())));

  test.each([
    [
      "a number that is no row's",
      () => lookup.decode(Tensor.from(BigInt64Array.of(23n), [1, 1, 1], "int64"), { forceNotQuantize: true }),
      "0 to 22, found 23",
    ],
    [
      "latents where numbers are expected",
      () => lookup.decode(Tensor.zeros([1, 6, 2, 2]), { forceNotQuantize: true }),
      "int64, for forceNotQuantize of a model with lookup_from_codebook, found float32",
    ],
    [
      "a shape without numbers",
      () => group.decode(Tensor.zeros([1, 3, 2, 2]), { shape: [1, 2, 2, 3] }),
      "shape is for rows' numbers",
    ],
    [
      "latents of as many channels as the encoder has inside",
      () => group.decode(Tensor.zeros([1, 5, 2, 2])),
      "expected latents [N, 3, h, w], found [1, 5, 2, 2]",
    ],
    [
      "diffusers' tiles, which it does not have",
      () => group.decode(Tensor.zeros([1, 3, 2, 2]), { tiling: "diffusers" }),
      "expected a model that diffusers has tiles for",
    ],
  ])("refuses %s", async (_, call, message) => {
    await expect(call()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message) as string,
    });
  });

  test("of a picture quantises as the class's pipelines do", async () => {
    const latents = (channels: number): Tensor<"float32"> => Generator.torch(5).randn([1, channels, 4, 4]);
    const decoded = async (vae: VQModel, forceNotQuantize: boolean): Promise<Uint8Array> => {
      const { sample } = await vae.decode(vae.denormalizeLatents(latents(vae.facts.latentChannels)), {
        forceNotQuantize,
      });
      return vae.postprocess(sample)[0]!.data;
    };
    const picture = async (vae: VQModel): Promise<Uint8Array> =>
      (await vae.decodeImage(latents(vae.facts.latentChannels))).data;
    expect(await picture(spatial)).toEqual(await decoded(spatial, true));
    expect(await decoded(spatial, false)).not.toEqual(await decoded(spatial, true));
    expect(await picture(group)).toEqual(await decoded(group, false));
  });

  test("gives forward its commitment loss", async () => {
    const pixels = Generator.torch(6).uniform([1, 3, 8, 8], -1, 1);
    const output = await group.forward(pixels);
    const { commitLoss } = await group.decode((await group.encode(pixels)).latents());
    expect(output).toMatchObject({ commitLoss });
  });
});

test("what is saved opens as the same model", async () => {
  const folder = await temporaryFolder();
  await using fresh = VQModel.fromConfig({ vqEmbedDim: 2, blockOutChannels: [32] }, { device: "cpu" });
  await fresh.savePretrained(join(folder, "saved"));
  await using opened = await VQModel.fromPretrained(join(folder, "saved"), { device: "cpu" });
  expect(opened.config).toEqual(fresh.config);
  const z = Generator.torch(7).randn([1, 2, 3, 3]);
  expect((await opened.decode(z)).equals(await fresh.decode(z))).toBe(true);
});

test("an encoder alone does not quantise", async () => {
  const { tensors } = await readSafetensorsFile(weightsOf("group"));
  const folder = join(await temporaryFolder(), "encoder");
  const path = join(folder, "diffusion_pytorch_model.safetensors");
  const half = [...tensors].filter(([name]) => /^(encoder|quant_conv)\./.test(name));
  await mkdir(folder);
  await copyFile(fixturePath("vq-models/group/config.json"), join(folder, "config.json"));
  await writeSafetensorsFile(path, new Map(half));
  await using vae = await openVae(folder, { device: "cpu" });
  if (!(vae instanceof VQModel)) throw new Error(`expected a VQModel, found ${vae.className}`);
  await expect(vae.quantize(Tensor.zeros([1, 3, 2, 2]))).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringContaining("quantize needs the decoder; this model is its encoder alone") as string,
  });
});
