/** Damaged weights, and values that grow beyond float32, are an error that says where they begin: on every way. */
import { afterAll, describe, expect, test } from "vitest";
import type { VaekitError } from "../src/errors.ts";
import { Generator } from "../src/random/index.ts";
import { NodeRuntime } from "../src/runtime/node/node-runtime.ts";
import { Tensor } from "../src/tensor/tensor.ts";

import { Autoencoder, Mlp, runtimes } from "./small-models.ts";

const opened: AsyncDisposable[] = [];
afterAll(async () => {
  for (const each of opened) await each[Symbol.asyncDispose]();
});

/** Disposed after the tests. */
function opening<T extends AsyncDisposable>(model: T): T {
  opened.push(model);
  return model;
}

const pixels = (batch = 1, side = 16): Tensor<"float32"> => Generator.torch(1).randn([batch, 3, side, side]);
const latents = (batch = 1, side = 8): Tensor<"float32"> => Generator.torch(1).randn([batch, 4, side, side]);

async function errorOf(work: Promise<unknown>): Promise<VaekitError> {
  const error = await work.then(
    (value) => expect.fail(`expected an error, found ${String(value)}`),
    (thrown: unknown) => thrown as VaekitError,
  );
  return error;
}

const decoderWeight = "decoder.mid_block.resnets.0.conv1.weight";
const encoderWeight = "encoder.down_blocks.0.resnets.0.conv2.bias";

describe.each(Object.entries(runtimes))("damaged weights in %s", (name, createRuntime) => {
  const decoderDamaged = opening(Autoencoder.of(createRuntime(), { [decoderWeight]: NaN }));
  const encoderDamaged = opening(Autoencoder.of(createRuntime(), { [encoderWeight]: Infinity }));

  const ways = [
    ["at once", { tiling: "off" }],
    ["in strips", { tiling: "exact" }],
    ["in diffusers' tiles", { tiling: "diffusers" }],
    ["picture by picture", { slicing: true }],
    ["as it chooses", {}],
  ] as const;

  // A runtime sees of these ways whole graphs, or graphs of strips.
  test.each(name === "Node" ? ways : ways.slice(0, 2))(
    "are an error of decode and encode %s, with the layer and the tensor",
    async (_way, options) => {
      const decoding = await errorOf(decoderDamaged.decode(latents(2, 12), options));
      expect(decoding.code).toBe("NOT_FINITE");
      expect(decoding.message).toBe(
        "damaged: expected finite numbers from the decoder, found NaN for picture 0 of the batch. " +
          "The first layer with such values is decoder.mid_block.resnets.0.conv1. " +
          `The weights are damaged: ${decoderWeight} holds NaN or infinite values. ` +
          "Get the file again, and in float32 if it was converted to float16.",
      );
      const encoding = await errorOf(encoderDamaged.encode(pixels(1, 24), options));
      expect(encoding.code).toBe("NOT_FINITE");
      expect(encoding.message).toMatch(
        /from the encoder, found NaN\. The first layer with such values is encoder\.down_blocks\.0\.resnets\.0\.conv2\./,
      );
      expect(encoding.message).toContain(`${encoderWeight} holds NaN`);
    },
  );

  test("leave the half that is whole as it is, and stop forward", async () => {
    expect((await decoderDamaged.encode(pixels())).latentDist.mean.shape).toEqual([1, 4, 8, 8]);
    expect((await encoderDamaged.decode(latents())).sample.shape).toEqual([1, 3, 16, 16]);
    expect(await errorOf(decoderDamaged.forward(pixels()))).toMatchObject({ code: "NOT_FINITE" });
  });

  test("are let through when the caller asks for it", async () => {
    const { sample } = await decoderDamaged.decode(latents(), { checkFinite: false });
    expect(sample.data.every((value) => Number.isNaN(value))).toBe(true);
    const { latentDist } = await encoderDamaged.encode(pixels(), { checkFinite: false });
    expect(latentDist.parameters.data.some((value) => Number.isNaN(value))).toBe(true);
  });

  test("are not blamed for an input that holds NaN", async () => {
    const broken = pixels(3);
    broken.data[2 * 768 + 256 + 16 + 5] = -Infinity;
    const encoding = await errorOf(decoderDamaged.encode(broken));
    expect(encoding).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "encode: expected finite pixels, found -Infinity at [2, 1, 1, 5].",
    });
    const sliced = await errorOf(decoderDamaged.encode(broken, { slicing: true }));
    expect(sliced.message).toBe(encoding.message);
    const large = pixels(2, 40);
    large.data[((1 * 3 + 2) * 40 + 37) * 40 + 33] = NaN;
    const tiled = await errorOf(decoderDamaged.encode(large, { tiling: "diffusers" }));
    expect(tiled.message).toBe("encode: expected finite pixels, found NaN at [1, 2, 37, 33].");
    const brokenLatents = latents();
    brokenLatents.data[0] = NaN;
    expect(await errorOf(encoderDamaged.decode(brokenLatents))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "decode: expected finite latents, found NaN at [0, 0, 0, 0].",
    });
  });

  test("name the picture of the batch that shows them", async () => {
    const vae = opening(Autoencoder.of(createRuntime(), {}));
    const batch = latents(3);
    // So large that squares overflow, in one picture only.
    batch.data.fill(3e38, batch.size / 3, (2 * batch.size) / 3);
    for (const options of [{ tiling: "off" }, { tiling: "off", slicing: true }] as const) {
      const error = await errorOf(vae.decode(batch, options));
      expect(error).toMatchObject({ code: "NOT_FINITE" });
      expect(error.message).toContain("for picture 1 of the batch. The first layer with such values is ");
      expect(error.message).toContain("The weights are finite, so the values grow beyond float32");
    }
  });

  test("do not go into an ONNX model unless the caller asks for it", async () => {
    const size = { batch: 1, height: 8, width: 8 };
    const error = await errorOf(decoderDamaged.exportOnnx("decoder", size));
    expect(error).toMatchObject({ code: "NOT_FINITE" });
    expect(error.message).toContain(`damaged: the decoder: expected finite weights.`);
    expect(error.message).toContain(decoderWeight);
    expect((await decoderDamaged.exportOnnx("encoder", { ...size })).length).toBeGreaterThan(0);
    const unchecked = await decoderDamaged.exportOnnx("decoder", size, { checkFinite: false });
    expect(unchecked.length).toBeGreaterThan(0);
  });

  test("are found where float16 made infinities of them", async () => {
    const vae = opening(Autoencoder.of(createRuntime(), { "decoder.conv_out.weight": 1e6 }, "float16"));
    const error = await errorOf(vae.decode(latents()));
    expect(error.message).toContain("The first layer with such values is decoder.conv_out.");
    expect(error.message).toContain("decoder.conv_out.weight holds");
  });

  test("of an MLP are an error, also where its activations hide them", async () => {
    for (const [name, value] of [
      ["fc3.weight", Infinity],
      ["fc4.bias", Infinity],
      ["fc21.bias", NaN],
    ] as const) {
      const vae = opening(Mlp.of(createRuntime(), { [name]: value }));
      for (const work of [vae.encode(Tensor.zeros([2, 6])), vae.decode(Tensor.zeros([2, 2]))]) {
        const error = await errorOf(work);
        expect(error).toMatchObject({ code: "NOT_FINITE" });
        expect(error.message).toContain(`The weights are damaged: ${name} holds`);
      }
      const { sample } = await vae.decode(Tensor.zeros([2, 2]), { checkFinite: false });
      expect(sample.shape).toEqual([2, 6]);
    }
  });

  test("of an MLP are not needed for logits that overflow", async () => {
    const vae = opening(Mlp.of(createRuntime(), { "fc4.weight": 3e38, "fc3.bias": 100 }));
    const error = await errorOf(vae.decode(Tensor.zeros([2, 2])));
    expect(error).toMatchObject({ code: "NOT_FINITE" });
    expect(error.message).toContain("The first layer with such values is fc4.");
  });
});

test("a fault that only a whole picture shows is found beyond its first part", async () => {
  const vae = opening(Autoencoder.of(new NodeRuntime({ device: "cpu" }), { "post_quant_conv.weight": 2 }));
  const picture = Tensor.zeros([1, 4, 40, 40]);
  // Far from the first value of the result, which a group's statistics spoil with all others.
  picture.data[39 * 40 + 39] = 3e38;
  const error = await errorOf(vae.decode(picture, { tiling: "off" }));
  expect(error.message).toContain("The first layer with such values is post_quant_conv.");
});
