/** AutoencoderKL in Node as a user meets it: saving, loading, and the answers to likely mistakes. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { AutoencoderKL, Generator, type CodingPlan, type Tensor } from "../src/node/index.ts";

const folder = await mkdtemp(join(tmpdir(), "vaekit-save-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const config = {
  blockOutChannels: [4, 8],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  normNumGroups: 2,
  shiftFactor: 0.1,
} as const;

const create = (seed = 0): AutoencoderKL =>
  AutoencoderKL.fromConfig(config, { generator: Generator.torch(seed), device: "cpu" });

async function decodeOnce(vae: AutoencoderKL): Promise<Tensor> {
  const { sample } = await vae.decode(Generator.torch(1).randn([1, 4, 4, 4]));
  await vae.dispose();
  return sample;
}

describe("savePretrained", () => {
  test("keeps config and weights, so that the same latents give the same pixels", async () => {
    const vae = create();
    await vae.savePretrained(folder);
    const loaded = await AutoencoderKL.fromPretrained(folder, { device: "cpu" });
    expect(loaded.config).toEqual(vae.config);
    expect((await decodeOnce(loaded)).equals(await decodeOnce(vae))).toBe(true);
  });

  test("leaves nothing but the two files", async () => {
    await create().savePretrained(folder);
    expect((await readdir(folder)).sort()).toEqual(["config.json", "diffusion_pytorch_model.safetensors"]);
  });

  test("removes the index of shards that a sharded model left", async () => {
    await writeFile(join(folder, "diffusion_pytorch_model.safetensors.index.json"), "{}");
    await create().savePretrained(folder);
    expect(await readdir(folder)).not.toContain("diffusion_pytorch_model.safetensors.index.json");
  });

  test("replaces a model that is in use without touching the one in memory's file", async () => {
    await create(0).savePretrained(folder);
    const old = await AutoencoderKL.fromPretrained(folder, { device: "cpu" });
    await create(2).savePretrained(folder);
    const renewed = await AutoencoderKL.fromPretrained(folder, { device: "cpu" });
    expect((await decodeOnce(renewed)).equals(await decodeOnce(create(2)))).toBe(true);
    await old.dispose();
  });
});

describe("encode and decode", () => {
  const vae = create();
  afterAll(() => vae.dispose());

  test.each([
    ["a missing batch dimension", [3, 8, 8], "The batch dimension is missing: reshape to [1, 3, 8, 8]"],
    ["channels last", [1, 8, 8, 3], "These look channels-last"],
    ["less than one latent's pixels", [1, 3, 1, 1], "with H and W at least 2"],
  ])("encode refuses %s with the remedy", async (_, shape, message) => {
    await expect(vae.encode(Generator.torch(0).randn(shape))).rejects.toThrow(message);
  });

  test.each([
    ["a wrong channel count", [1, 5, 4, 4], "expected latents [N, 4, h, w], found [1, 5, 4, 4]"],
    ["moments", [1, 8, 4, 4], "take latentDist.mode() or sample()"],
    ["packed tokens", [1, 4, 16], "These look packed (FLUX): call unpackLatents first"],
    ["a missing batch dimension", [4, 4, 4], "reshape to [1, 4, 4, 4]"],
  ])("decode refuses %s with the remedy", async (_, shape, message) => {
    await expect(vae.decode(Generator.torch(0).randn(shape))).rejects.toThrow(message);
  });

  test.each(["exact", "auto"] as const)('tiling "%s" gives the numbers of "off"', async (tiling) => {
    const latents = Generator.torch(0).randn([2, 4, 5, 7]);
    const { sample } = await vae.decode(latents, { tiling });
    expect(sample).toBeAllclose((await vae.decode(latents, { tiling: "off" })).sample, { absolute: 2e-4 });
  });

  test("says what it chose before it starts", async () => {
    const plans: CodingPlan[] = [];
    const onPlan = (plan: CodingPlan): void => void plans.push(plan);
    await vae.decode(Generator.torch(0).randn([1, 4, 8, 8]), { tiling: "exact", onPlan });
    expect(plans).toEqual([expect.objectContaining({ half: "decoder", tiling: "exact", fileBytes: 0 })]);
    expect(await vae.plan("encoder", { batch: 1, height: 16, width: 16 }, { tiling: "off" })).toMatchObject({
      tiling: "off",
      stripCount: 1,
    });
  });

  test("a budget that cannot work says the smallest that can", async () => {
    const decoding = vae.decode(Generator.torch(0).randn([1, 4, 8, 8]), { maxMemoryBytes: 1e6 });
    await expect(decoding).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(
        /maxMemoryBytes: expected at least \d+ MB for decoding \d+x\d+, found 1 MB/,
      ) as string,
    });
  });

  test.each([0, -1, NaN])("maxMemoryBytes %d is refused", async (maxMemoryBytes) => {
    const decoding = vae.decode(Generator.torch(0).randn([1, 4, 4, 4]), { maxMemoryBytes });
    await expect(decoding).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("report their progress from 0 to the number of passes", async () => {
    const seen: string[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }): number =>
      seen.push(`${done}/${total}`);
    await vae.decode(Generator.torch(0).randn([3, 4, 4, 4]), { slicing: true, onProgress });
    expect(seen).toEqual(["0/3", "1/3", "2/3", "3/3"]);
  });

  test("take more sizes at once than sessions stay ready", async () => {
    const sides = Array.from({ length: 12 }, (_, i) => i + 2);
    const samples = await Promise.all(
      sides.map(async (side) => (await vae.decode(Generator.torch(0).randn([1, 4, side, side]))).sample),
    );
    expect(samples.map(({ shape }) => shape[3])).toEqual(sides.map((side) => 2 * side));
  });

  test("forward returns the reconstruction and the posterior", async () => {
    const pixels = Generator.torch(0).randn([1, 3, 8, 8]);
    const { sample, latentDist } = await vae.forward(pixels);
    expect(sample).toBeAllclose((await vae.decode(latentDist.mode())).sample, { absolute: 0 });
    const noise = Generator.torch(3).randn([1, 4, 4, 4]);
    for (const options of [{ noise }, { generator: Generator.torch(0), samplePosterior: false }]) {
      await expect(vae.forward(pixels, options)).rejects.toThrow("is for samplePosterior: true");
    }
    const sampled = await vae.forward(pixels, { samplePosterior: true, noise });
    expect(sampled.sample).toBeAllclose((await vae.decode(latentDist.sample({ noise }))).sample, {
      absolute: 0,
    });
  });
});
