/** Latents handed to a model's decoder as tensors: what is said of those that do not look like its own, and how often. */
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { AutoencoderKL, AutoencoderTiny, AutoencoderKLFlux2, VQModel } from "../../src/node/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { VaekitError } from "../../src/errors.ts";
import { farLatents } from "../../src/vae/far-latents.ts";
import { LatentsWatch } from "../../src/vae/latents-watch.ts";

const runtime = new NodeRuntime({ device: "cpu" });
afterAll(() => runtime.dispose());

const warnings: string[] = [];
beforeEach(() => {
  warnings.length = 0;
});

const blocks = {
  blockOutChannels: [4],
  downBlockTypes: ["DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D"],
  layersPerBlock: 1,
  normNumGroups: 2,
} as const;

const opening = () => ({
  runtime,
  generator: Generator.torch(1),
  onWarning: (message: string) => warnings.push(message),
});

/** Scaled as FLUX.1's. */
const flux = (): AutoencoderKL =>
  AutoencoderKL.fromConfig(
    { ...blocks, latentChannels: 16, scalingFactor: 0.3611, shiftFactor: 0.1159 },
    opening(),
  );

/** As a diffusion model makes them, from noise. */
const normalized = Generator.torch(2).randn([1, 16, 8, 8]);

describe("latents in the scale of the call", () => {
  test("are decoded without a word", async () => {
    const vae = flux();
    await vae.decode(vae.denormalizeLatents(normalized));
    await vae.decodeLatents(vae.denormalizeLatents(normalized));
    await vae.decodeImage(normalized);
    expect(warnings).toEqual([]);
  });
});

describe("latents in the other scale", () => {
  test("are told what brings them to decode", async () => {
    const vae = flux();
    await vae.decode(normalized);
    expect(warnings).toEqual([
      expect.stringMatching(
        /: decode: normalised, these latents have the mean -0\.\d\d and the deviation 0\.3\d instead of about 0 and 1\. They look normalised: pass them through denormalizeLatents first, or to decodeImage\.$/,
      ),
    ]);
  });

  test("are told what brings them to decodeImage", async () => {
    const vae = flux();
    await vae.decodeImage(vae.denormalizeLatents(normalized));
    expect(warnings).toEqual([
      expect.stringMatching(
        /: decodeImage: .* 2\.\d\d instead of about 0 and 1\. They look as the VAE itself has them: pass them through normalizeLatents first, or to decode\.$/,
      ),
    ]);
  });

  test("are decoded all the same, and spoken of once", async () => {
    const vae = flux();
    const first = await vae.decode(normalized);
    const second = await vae.decode(normalized);
    await vae.decodeImage(vae.denormalizeLatents(normalized));
    expect(warnings).toHaveLength(1);
    expect(second.sample).toEqual(first.sample);
  });
});

test("latents of another model are named after it", async () => {
  const vae = AutoencoderKL.fromConfig({ ...blocks, latentChannels: 16, scalingFactor: 1.5305 }, opening());
  await vae.decode(flux().denormalizeLatents(normalized));
  expect(warnings).toEqual([expect.stringContaining("another model, FLUX.1, as its VAE has them")]);
});

test("a model's own latents are right, whatever its scaling says", async () => {
  const vae = flux();
  const latents = (await vae.encode(Generator.torch(3).randn([1, 3, 16, 16]))).latents();
  // The premise: such latents would be spoken of otherwise.
  expect(farLatents({ found: latents, scale: "raw", scaling: vae.scaling })).toBeDefined();
  await vae.decode(latents);
  await vae.forward(Generator.torch(4).randn([1, 3, 16, 16]));
  expect(warnings).toEqual([]);
});

test("nothing is looked at that has no scale: a tiny autoencoder's latents, and a codebook's rows", async () => {
  const tiny = AutoencoderTiny.fromConfig(
    {
      encoderBlockOutChannels: [4],
      decoderBlockOutChannels: [4],
      numEncoderBlocks: [1],
      numDecoderBlocks: [1],
      latentChannels: 16,
    },
    opening(),
  );
  const loud = flux().denormalizeLatents(flux().denormalizeLatents(normalized));
  await tiny.decode(loud);
  await tiny.decodeImage(loud);
  const codebook = VQModel.fromConfig(
    { ...blocks, latentChannels: 16, numVqEmbeddings: 8, scalingFactor: 0.3611 },
    opening(),
  );
  await codebook.decode(normalized);
  expect(warnings).toEqual([]);
});

test("odd sides of latents in patches are decoded", async () => {
  const vae = AutoencoderKLFlux2.fromConfig({ ...blocks, latentChannels: 8 }, opening());
  await vae.decode(Generator.torch(2).randn([1, 8, 7, 9]));
  expect(warnings).toEqual([]);
});

test("a half that does not know its scaling decodes, and other failures are no silence", async () => {
  const failing = (code: "UNSUPPORTED" | "IO"): LatentsWatch =>
    new LatentsWatch({
      name: "half",
      scaling: () => {
        throw new VaekitError(code, "nobody knows");
      },
      onWarning: (message) => warnings.push(message),
    });
  await failing("UNSUPPORTED").look("decode", normalized);
  expect(warnings).toEqual([]);
  await expect(failing("IO").look("decode", normalized)).rejects.toThrow("nobody knows");
});
