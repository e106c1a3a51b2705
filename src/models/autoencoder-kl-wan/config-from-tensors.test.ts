import { describe, expect, test } from "vitest";
import type { Shape } from "../../tensor/shape.ts";
import type { TensorShapes, VaeModel } from "../model.ts";
import { modelsToAsk } from "../registry.ts";
import { wan22 } from "./published.ts";
import { autoencoderKLQwenImage21, completeQwenImage21Config } from "./qwen-image-21.ts";
import { autoencoderKLQwenImage, completeQwenImageConfig } from "./qwen-image.ts";
import { autoencoderKLWan, completeWanConfig } from "./wan.ts";

async function modelOf(tensors: TensorShapes): Promise<VaeModel | undefined> {
  for (const model of await modelsToAsk()) {
    if ((await model.alone?.())?.recognizes(tensors) === true) return model;
  }
  return undefined;
}

const shaped = (shapes: ReadonlyMap<string, Shape>): TensorShapes =>
  new Map([...shapes].map(([name, shape]) => [name, { shape }]));

const wan22Config = completeWanConfig({
  baseDim: 160,
  decoderBaseDim: 256,
  zDim: 48,
  ...wan22,
  isResidual: true,
  inChannels: 12,
  outChannels: 12,
  patchSize: 2,
  scaleFactorSpatial: 16,
});

const published: [string, VaeModel, object][] = [
  ["Qwen-Image", autoencoderKLQwenImage, completeQwenImageConfig({})],
  ["Qwen-Image of layers, with alpha", autoencoderKLQwenImage, completeQwenImageConfig({ inputChannels: 4 })],
  ["Qwen-Image-2.1", autoencoderKLQwenImage21, completeQwenImage21Config({})],
  ["Wan 2.2", autoencoderKLWan, wan22Config],
];

describe.each(published)("the tensors of %s", (_, model, config) => {
  const tensors = shaped(model.parameterShapes(config));

  test("are known as its class's, also those of one half", async () => {
    expect(await modelOf(tensors)).toBe(model);
    for (const half of ["encoder", "decoder"] as const) {
      expect(await modelOf(shaped(model.parameterShapes(config, half)))).toBe(model);
    }
  });

  test("say its whole config, statistics too", async () => {
    // Of videos only, no tensor says it.
    const { scaleFactorTemporal, ...rest } = (await model.alone!()).infer(tensors, {}, "f.safetensors")
      .config as Record<string, unknown>;
    expect(config).toMatchObject(rest);
    expect(scaleFactorTemporal === undefined || typeof scaleFactorTemporal === "number").toBe(true);
  });
});

test("Wan 2.1's tensors are Qwen-Image's, with the same scaling; its own class takes them by name", async () => {
  const config = completeWanConfig({});
  const tensors = shaped(autoencoderKLWan.parameterShapes(config));
  expect(await modelOf(tensors)).toBe(autoencoderKLQwenImage);
  const ofWan = await autoencoderKLWan.alone!();
  expect(ofWan.recognizes(tensors)).toBe(true);
  const inferred = ofWan.infer(tensors, {}, "f.safetensors").config;
  expect(inferred).toEqual(config);
  const asQwen = (await autoencoderKLQwenImage.alone!()).infer(tensors, {}, "f.safetensors").config;
  expect(autoencoderKLQwenImage.scaling(asQwen, new Map())).toEqual(
    autoencoderKLWan.scaling(config, new Map()),
  );
});

describe("a file's config", async () => {
  const alone = await autoencoderKLQwenImage.alone!();
  const config = completeQwenImageConfig({ baseDim: 4, zDim: 2, latentsMean: [0, 1], latentsStd: [1, 2] });
  const tensors = shaped(autoencoderKLQwenImage.parameterShapes(config));
  const infer = (given: object): unknown => alone.infer(tensors, given, "f.safetensors").config;

  test("needs statistics from the caller where no published model has as many channels", () => {
    expect(() => infer({})).toThrow(
      "f.safetensors has 2 latent channels, as no published model has: latents_mean and latents_std cannot be told from the file. Pass `config`.",
    );
    const json = { latents_mean: [0, 1], latents_std: [1, 2] };
    expect(infer({ config: { json, subject: "config", isFile: false } })).toEqual(config);
  });

  test("is refused where it contradicts the shapes, and where a family is named", () => {
    const json = { latents_mean: [0, 1], latents_std: [1, 2], base_dim: 8 };
    expect(() => infer({ config: { json, subject: "config", isFile: false } })).toThrow(
      "the config contradicts the shapes of the file's tensors: base_dim: expected 4, found 8.",
    );
    expect(() => infer({ as: "flux1" })).toThrow("`as` names a family of AutoencoderKLs");
  });
});

test("tensors that lack what every such network has are said", async () => {
  const shapes = new Map(autoencoderKLQwenImage.parameterShapes(completeQwenImageConfig({})));
  shapes.delete("encoder.conv_out.weight");
  const alone = await autoencoderKLQwenImage.alone!();
  expect(() => alone.infer(shaped(shapes), {}, "f.safetensors")).toThrow(
    "f.safetensors: expected encoder.conv_out.weight, the kernels of a convolution, as every AutoencoderKLQwenImage has.",
  );
});
