/** With which weights a training starts, and what becomes of those that are not trained. */
import { describe, expect, it } from "vitest";
import { smallConfig, smallModel, smallRecipe, type Section } from "../../test/train/small-recipe.ts";
import { autoencoderKL } from "../models/index.ts";
import { Generator } from "../random/index.ts";
import { parseRecipe } from "../recipe/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { openTrainable } from "./classes/index.ts";

describe("a model to start from", () => {
  const pretrained = (changes: Section = {}, memory = smallModel(), more: Section = {}) =>
    openTrainable(smallRecipe({ model: { pretrained: "vae", ...changes }, ...more }), { pretrained: memory });
  const noPictures = (): Promise<never> => Promise.reject(new Error("asked for pictures"));

  it("begins with its own weights, and keeps in memory what is not trained", async () => {
    const memory = smallModel();
    const model = pretrained({ trainable: ["decoder.*"] }, memory);
    const names = model.layout.places.map(({ name }) => name);
    expect(names.every((name) => name.startsWith("decoder."))).toBe(true);
    const first = model.layout.split(await model.initialParameters(Generator.torch(1), noPictures));
    for (const name of names) expect(first.get(name)!.equals(memory.tensors.get(name)!)).toBe(true);
    const frozen = model.frozen(
      "encoder.conv_in.weight",
      memory.tensors.get("encoder.conv_in.weight")!.shape,
    );
    expect(frozen.name).toBe("encoder.conv_in.weight");

    const trained = new Map(names.map((name) => [name, Tensor.zeros(memory.tensors.get(name)!.shape)]));
    const { tensors } = model.content(trained);
    expect([...tensors.keys()]).toEqual([...autoencoderKL.parameterShapes(memory.config).keys()]);
    for (const [name, tensor] of tensors) {
      expect(tensor).toBe(name.startsWith("decoder.") ? trained.get(name) : memory.tensors.get(name));
    }
  });

  it("is written in the dtype of the recipe", () => {
    const model = pretrained({ trainable: ["decoder.*"], save_dtype: "bfloat16" });
    const trained = model.layout.split(Tensor.zeros([model.layout.size]));
    const dtypes = new Set([...model.content(trained).tensors.values()].map(({ dtype }) => dtype));
    expect(dtypes).toEqual(new Set(["bfloat16"]));
  });

  it.each([
    [{ trainable: ["decoder.*"] }, "keep"],
    [{ trainable: ["decoder.*", "post_quant_conv.*"] }, "keep"],
    [{ trainable: ["quant_conv.*"] }, "compare"],
    [{ trainable: ["encoder.*"] }, "compare"],
    [{}, "compare"],
    [{ trainable: ["decoder.*"], calibrate: true }, "replace"],
  ])("of which %j is trained: what becomes of its scaling is %s", (model, calibration) => {
    expect(pretrained(model).latents).toMatchObject({ channels: 2, calibration });
  });

  it("keeps its scaling in the config, or gets another one as a whole", () => {
    const memory = smallModel({ scalingFactor: 0.5, latentsMean: [1, 2], latentsStd: [3, 4] });
    const model = pretrained({}, memory);
    const trained = model.layout.split(Tensor.zeros([model.layout.size]));
    const kept = JSON.parse(model.content(trained).config) as Section;
    expect(kept).toMatchObject({ scaling_factor: 0.5, latents_mean: [1, 2], latents_std: [3, 4] });
    const factors = { scalingFactor: 2, shiftFactor: 0.25, latentsMean: null, latentsStd: null };
    expect(JSON.parse(model.content(trained, { factors }).config)).toMatchObject({
      scaling_factor: 2,
      shift_factor: 0.25,
    });
    expect(model.latents!.scaling).toContain("0.5");
  });

  it("is another architecture for what is trained of it, not for how its latents are scaled", () => {
    const same = smallModel({ scalingFactor: 3, shiftFactor: 1, sampleSize: 512, forceUpcast: false });
    expect(pretrained({}, same).architecture).toEqual(pretrained().architecture);
    expect(pretrained({ trainable: ["decoder.*"] }).architecture).not.toEqual(pretrained().architecture);
    expect(pretrained({}, smallModel({ actFn: "relu" })).architecture).not.toEqual(pretrained().architecture);
  });

  it("must fit the pictures of every phase", () => {
    const of = (more: Section) => (): unknown => pretrained({}, smallModel(), more);
    expect(of({ data: { path: "pictures", resolution: 9 } })).toThrow(
      "data.resolution: expected a multiple of the model's spatial factor 2, also in phases, found 9.",
    );
    expect(of({ phases: [{ step: 1, resolution: 7, batch_size: 1 }] })).toThrow("found 7.");
    expect(of({ data: { path: "pictures", resolution: 8, channels: 1 } })).toThrow(
      "data.channels: expected the model's 3 channels in and 3 out, found 1.",
    );
    const oneOut = smallModel({ outChannels: 1 });
    expect(() => pretrained({}, oneOut)).toThrow("3 channels in and 1 out, found 3.");
  });

  it("names a pattern that nothing matches, and takes a star for anything and nothing else for a sign", () => {
    const names = (trainable: string[]): string[] =>
      pretrained({ trainable }).layout.places.map(({ name }) => name);
    expect(names(["*.conv_out.bias"])).toEqual(["encoder.conv_out.bias", "decoder.conv_out.bias"]);
    expect(names(["decoder.conv_out.bias", "decoder.conv_out.*"])).toHaveLength(2);
    for (const pattern of [
      "decoder",
      "ecoder.*",
      "decoder.conv_out.bia",
      "decoder.conv.out.bias",
      "decoder+",
    ]) {
      expect(() => names([pattern])).toThrow(
        `model.trainable: no parameter matches "${pattern}". Names are such as encoder.conv_in.weight, encoder.conv_in.bias.`,
      );
    }
  });

  it("is needed where parts are frozen", () => {
    expect(() =>
      openTrainable(smallRecipe({ model: { config: smallConfig, trainable: ["decoder.*"] } })),
    ).toThrow(
      "model.trainable: only a pretrained model can have frozen parts. Set model.pretrained, or leave trainable out.",
    );
  });
});

describe("fresh weights", () => {
  it("are drawn from the generator, or from the pictures where the recipe says so", async () => {
    let asked = 0;
    const pictures = (): Promise<Tensor<"float32">> => {
      asked++;
      return Promise.resolve(Generator.torch(2).uniform([3, 3, 16, 16], -1, 1));
    };
    const wide = { ...smallConfig, block_out_channels: [16, 16] };
    const drawn = openTrainable(smallRecipe({ model: { config: wide } }));
    const first = await drawn.initialParameters(Generator.torch(5), pictures);
    expect(asked).toBe(0);
    expect(await drawn.initialParameters(Generator.torch(5), pictures)).toEqual(first);
    expect(await drawn.initialParameters(Generator.torch(6), pictures)).not.toEqual(first);
    const fitted = openTrainable(
      smallRecipe({ model: { config: wide, initialization: "principal_components" } }),
    );
    expect(await fitted.initialParameters(Generator.torch(5), pictures)).not.toEqual(first);
    expect(asked).toBe(1);
    expect(drawn.latents).toMatchObject({ calibration: "replace" });
  });

  it("of an mlp follow the recipe's words, the output's bias from the mean picture where it says glorot", async () => {
    const open = (model: Section) =>
      openTrainable(
        parseRecipe({
          model: { type: "mlp", hidden_sizes: [3], latent_size: 2, ...model },
          data: { path: "digits" },
        }),
      );
    const half = Tensor.from(new Float32Array(2 * 784).fill(0.5), [2, 784]);
    const quarter = Tensor.from(
      Float32Array.from({ length: 2 * 784 }, (_, i) => (i < 784 ? 0 : 0.5)),
      [2, 784],
    );
    const glorot = open({ initialization: "glorot" });
    const bias = async (pictures: Tensor<"float32">): Promise<Float32Array> => {
      const vector = await glorot.initialParameters(Generator.torch(0), () => Promise.resolve(pictures));
      return [...glorot.layout.split(vector)].at(-1)![1].data;
    };
    // The logit of the mean.
    expect(await bias(half)).toBeAllclose(new Float32Array(784), { absolute: 1e-6 });
    expect(await bias(quarter)).toBeAllclose(new Float32Array(784).fill(Math.log(1 / 3)), { absolute: 1e-6 });
    const plain = open({});
    const noPictures = (): Promise<never> => Promise.reject(new Error("asked for pictures"));
    await plain.initialParameters(Generator.torch(0), noPictures);
    expect(plain.latents).toBeUndefined();

    const configOf = (model: Section): Section => {
      const opened = open(model);
      const trained = opened.layout.split(Tensor.zeros([opened.layout.size]));
      return JSON.parse(opened.content(trained).config) as Section;
    };
    expect(configOf({})).toMatchObject({ input_size: 784, hidden_sizes: [3], latent_size: 2 });
    const [one, two] = [configOf({ sigma: "logvar" }), configOf({ sigma: "log_std", activation: "tanh" })];
    expect([one["sigma"], two["sigma"]]).toEqual(["logvar", "log_std"]);
    expect([one["activation"], two["activation"]]).toEqual(["relu", "tanh"]);
    expect(open({ sigma: "log_std" }).architecture).not.toEqual(open({}).architecture);
  });
});
