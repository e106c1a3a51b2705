/** The fully connected VAE has the API of every autoencoder, for rows in the place of pictures. */
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoencoderKLOutput, DecoderOutput } from "../src/latents/index.ts";
import { Generator } from "../src/random/index.ts";
import { Tensor } from "../src/tensor/tensor.ts";
import { Vae } from "../src/vae/vae.ts";
import { Mlp, runtimes } from "./small-models.ts";

const pictures = Generator.torch(1).rand([3, 6]);

describe.each(Object.entries(runtimes))("an MLP VAE in %s", (_, createRuntime) => {
  let vae: Mlp;
  beforeAll(() => {
    vae = Mlp.of(createRuntime());
  });
  afterAll(() => vae.dispose());

  test("is a Vae like any other", () => {
    expect(vae).toBeInstanceOf(Vae);
    expect(vae.className).toBe("MlpVae");
    expect(vae.facts).toMatchObject({ layout: "rows", inChannels: 6, latentChannels: 2, spatialFactor: 1 });
    // fc1, fc21 and fc22, fc3, fc4
    expect(vae.parameterCount).toBe(4 * 6 + 4 + 2 * (2 * 4 + 2) + 4 * 2 + 4 + 6 * 4 + 6);
  });

  test("encodes rows to a posterior, and decodes its latents to probabilities", async () => {
    const encoded = await vae.encode(pictures);
    expect(encoded).toBeInstanceOf(AutoencoderKLOutput);
    expect(encoded.latents().shape).toEqual([3, 2]);
    expect(encoded.latents({ sample: true, generator: Generator.torch(2) })).not.toEqual(encoded.latents());
    const decoded = await vae.decode(encoded.latents());
    expect(decoded).toBeInstanceOf(DecoderOutput);
    expect(decoded.sample.shape).toEqual([3, 6]);
    expect([...decoded.sample.data].every((value) => Number(value) > 0 && Number(value) < 1)).toBe(true);
    expect((await vae.forward(pictures)).sample).toBeAllclose(decoded.sample, { absolute: 0 });
  });

  test("leaves its latents unscaled: their prior is N(0, 1)", async () => {
    const latents = (await vae.encode(pictures)).latents();
    expect(vae.scaling).toEqual({ kind: "none", latentChannels: 2 });
    expect(vae.normalizeLatents(latents)).toEqual(latents);
    expect(vae.denormalizeLatents(latents)).toEqual(latents);
    expect(() => vae.normalizeLatents(Tensor.zeros([3, 4]))).toThrow(
      "latents: expected [N, 2], found [3, 4].",
    );
  });

  test("slices a batch, and tells of its plan and its progress", async () => {
    const told: string[] = [];
    const sliced = await vae.encode(pictures, {
      slicing: true,
      onPlan: ({ tiling, size }) => told.push(`${tiling} ${size.batch}`),
      onProgress: ({ done, total }) => told.push(`${done}/${total}`),
    });
    expect(told).toEqual(["0/3", "off 1", "1/3", "off 1", "2/3", "off 1", "3/3"]);
    // Products of other sizes sum in another order.
    expect(sliced.latents()).toBeAllclose((await vae.encode(pictures)).latents(), { absolute: 1e-6 });
    const plan = await vae.plan("decoder", { batch: 2, height: 1, width: 1 });
    expect(plan).toMatchObject({ tiling: "off", stripCount: 1 });
  });

  test("becomes an ONNX file that gives the same", async () => {
    const bytes = await vae.exportOnnx("decoder", { batch: 3, height: 1, width: 1 });
    const z = Generator.torch(4).randn([3, 2]);
    const session = await ort.InferenceSession.create(bytes);
    const { sample } = await session.run({ latent_sample: new ort.Tensor("float32", z.data, z.shape) });
    const exported = Tensor.from(sample!.data as Float32Array, sample!.dims);
    await session.release();
    // Another build of the same kernels.
    expect(exported).toBeAllclose((await vae.decode(z)).sample, { absolute: 1e-6 });
  });

  test("refuses other shapes, dtypes, and ways that rows do not have", async () => {
    const cases: [call: Promise<unknown>, message: string][] = [
      [vae.encode(Tensor.zeros([6])), "expected pixels [N, 6], found [6]. The batch dimension is missing"],
      [vae.encode(Tensor.zeros([1, 1, 2, 3])), "expected pixels [N, 6], found [1, 1, 2, 3]."],
      [vae.encode(Tensor.zeros([0, 6])), "found the empty shape [0, 6]"],
      [vae.encode(Tensor.zeros([1, 6], "uint8")), "expected float pixels in [0, 1], found uint8"],
      [
        vae.decode(Tensor.zeros([1, 4])),
        "expected latents [N, 2], found [1, 4]. These look like encoder moments",
      ],
      [vae.decode(Tensor.zeros([1, 2]), { tiling: "exact" }), 'tiling: expected "auto" or "off" for MlpVae'],
      [vae.plan("encoder", { batch: 1, height: 1, width: 1 }, { tiling: "diffusers" }), 'found "diffusers"'],
    ];
    for (const [call, message] of cases) {
      await expect(call).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining(message) as string,
      });
    }
  });
});
