/**
 * A class of autoencoder is one config, one graph and one line in the registry: with these, one that is like no class
 * of vaekit's encodes, decodes, goes in strips and becomes a file.
 */
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseModelConfig, registerModel } from "../../src/models/index.ts";
import { Generator } from "../../src/random/index.ts";
import type { Runtime } from "../../src/runtime/index.ts";
import { storeInMemory } from "../../src/tensor/stored-tensor.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { matchWeights } from "../../src/vae/model-weights.ts";
import { Vae } from "../../src/vae/vae.ts";
import { machine, runtimes } from "../small-models.ts";
import { toyClassName } from "./config.ts";
import { toyModel, ToyOutput } from "./graph.ts";
import { localEngine } from "../../src/vae/local-engine.ts";

registerModel(toyModel);

const configJson = {
  _class_name: toyClassName,
  picture_channels: 3,
  code_channels: 6,
  width: 16,
  code_centre: [0.5, -0.5, 0, 0, 1, 2],
  code_spread: [2, 4, 1, 1, 0.5, 8],
};

/** As whatever opens a model makes it: the class comes from the config. */
class OpenedVae extends Vae {
  static async of(json: unknown, runtime: Runtime, damaged?: string): Promise<OpenedVae> {
    const { model, config } = await parseModelConfig(json, "config.json");
    const tensors = [...model.initialize(config, Generator.torch(3))].map(([name, tensor]) => {
      if (name === damaged) tensor.data[0] = NaN;
      return [name, storeInMemory(name, tensor)] as const;
    });
    const weights = matchWeights(model, config, new Map(tensors), "toy");
    return new OpenedVae({ name: "toy", model, config, weights, engine: localEngine(runtime, machine) });
  }
}

const pixels = (height: number, width: number, batch = 1): Tensor<"float32"> =>
  Generator.torch(1).uniform([batch, 3, height, width], -1, 1);

describe.each(Object.entries(runtimes))("a toy class in %s", (_, createRuntime) => {
  let vae: OpenedVae;
  beforeAll(async () => {
    vae = await OpenedVae.of(configJson, createRuntime());
  });
  afterAll(() => vae.dispose());

  test("says what it is", () => {
    expect(vae.className).toBe(toyClassName);
    expect(vae.facts).toMatchObject({ inChannels: 3, latentChannels: 6, spatialFactor: 4 });
    expect(vae.parameterCount).toBe(
      [...vae.parameterTable()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    );
    expect(JSON.parse(vae.configText())).toEqual(configJson);
  });

  test("encodes to a result of its own, whose latents it decodes", async () => {
    const encoded = await vae.encode(pixels(24, 16, 2));
    expect(encoded).toBeInstanceOf(ToyOutput);
    const latents = encoded.latents();
    expect(latents.shape).toEqual([2, 6, 6, 4]);
    const { sample } = await vae.decode(latents);
    expect(sample.shape).toEqual([2, 3, 24, 16]);
    expect((await vae.forward(pixels(24, 16, 2))).sample).toBeAllclose(sample, { absolute: 0 });
  });

  test("slices a batch with the same result", async () => {
    const x = pixels(16, 16, 3);
    const whole = (await vae.encode(x)).latents();
    // The sums of a batch may be in another order.
    expect((await vae.encode(x, { slicing: true })).latents()).toBeAllclose(whole, { absolute: 1e-5 });
  });

  test("has no distribution to sample from", async () => {
    const encoded = await vae.encode(pixels(8, 8));
    const message =
      "ToyOutput.latents: expected no sample, found sample: true: this model has no distribution";
    expect(() => encoded.latents({ sample: true })).toThrow(message);
    expect(() => encoded.latents({ generator: Generator.torch(1) })).toThrow("generator is for sample: true");
    await expect(vae.forward(pixels(8, 8), { samplePosterior: true })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message) as string,
    });
  });

  test("scales its latents in its own way, and back", () => {
    const latents = Tensor.from(
      Float32Array.from({ length: 6 }, (_, channel) => channel),
      [1, 6, 1, 1],
    );
    const scaled = vae.normalizeLatents(latents);
    expect([...scaled.data]).toEqual([-0.25, 0.375, 2, 3, 6, 0.375]);
    expect([...vae.denormalizeLatents(scaled).data]).toEqual([...latents.data]);
  });

  test.each(["encoder", "decoder"] as const)("its %s in strips is the whole", async (half) => {
    const size = half === "encoder" ? { height: 604, width: 460 } : { height: 151, width: 115 };
    const plan = await vae.plan(half, { batch: 1, ...size }, { tiling: "exact" });
    expect(plan.stripCount).toBeGreaterThan(1);
    const x = Generator.torch(2).uniform([1, half === "encoder" ? 3 : 6, size.height, size.width], -1, 1);
    const run = async (tiling: "off" | "exact"): Promise<Tensor> =>
      half === "encoder"
        ? (await vae.encode(x, { tiling })).latents()
        : (await vae.decode(x, { tiling })).sample;
    // The rounding of sums in another order, and of Winograd's tiles.
    expect(await run("exact")).toBeAllclose(await run("off"), { absolute: 2e-5 });
  });

  test("becomes an ONNX file that gives the same", async () => {
    const x = Generator.torch(4).randn([1, 6, 5, 4]);
    const bytes = await vae.exportOnnx("decoder", { batch: 1, height: 5, width: 4 });
    const session = await ort.InferenceSession.create(bytes);
    const { picture } = await session.run({ code: new ort.Tensor("float32", x.data, x.shape) });
    const exported = Tensor.from(picture!.data as Float32Array, picture!.dims);
    await session.release();
    // Another build of the same kernels.
    expect(exported).toBeAllclose((await vae.decode(x, { tiling: "off" })).sample, { absolute: 1e-5 });
  });

  test("refuses what its facts do not allow", async () => {
    const cases: [call: Promise<unknown>, message: string][] = [
      [vae.encode(pixels(18, 16)), "H and W multiples of 4, found [1, 3, 18, 16]. The nearest are"],
      [vae.encode(pixels(2, 4)), "H and W at least 4"],
      [vae.encode(pixels(16, 16), { tiling: "diffusers" }), "expected a model that diffusers has tiles for"],
      [vae.decode(Tensor.zeros([1, 4, 4, 4])), "expected latents [N, 6, h, w], found [1, 4, 4, 4]"],
    ];
    for (const [call, message] of cases) {
      await expect(call).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining(message) as string,
      });
    }
  });

  test("names the layer and the weight at fault", async () => {
    await using damaged = await OpenedVae.of(configJson, createRuntime(), "grow.1.conv.bias");
    const error = damaged.decode(Tensor.zeros([1, 6, 4, 4]));
    await expect(error).rejects.toThrow(
      "The first layer with such values is grow.1.conv. The weights are damaged: grow.1.conv.bias holds",
    );
  });
});

test("a wrong value in its config.json is said under its own key", async () => {
  await expect(parseModelConfig({ ...configJson, code_channels: 0 }, "toy/config.json")).rejects.toThrow(
    "toy/config.json: code_channels: expected a positive whole number, found 0.",
  );
});
