/** What two halves must have in common, and what one alone cannot do. */
import { describe, expect, test } from "vitest";
import type { ModelFacts, VaeModel } from "../models/index.ts";
import { autoencoderKL, completeConfig } from "../models/index.ts";
import { storeInMemory } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkHalvesFit, commonText, configOfHalf, factsOf, type OpenedHalf } from "./halves.ts";
import {
  checkClass,
  halfModel,
  modelOrHalf,
  pairedModel,
  warningsOf,
  wholeModel,
  type LoadedModel,
} from "./opened.ts";

interface Traits {
  readonly className?: string;
  readonly facts?: Partial<ModelFacts>;
  readonly mean?: readonly number[];
  readonly scalingFactor?: number;
}

function half(
  name: string,
  { className = "Kind", facts = {}, mean, scalingFactor = 1 }: Traits = {},
): OpenedHalf {
  const model = {
    className,
    facts: () => ({ latentChannels: 4, spatialFactor: 8, pixelRange: "signed", ...facts }),
    scaling: () =>
      mean === undefined
        ? { kind: "factor", latentChannels: 4, scalingFactor, shiftFactor: 0 }
        : { kind: "meanStd", latentChannels: mean.length, mean, std: mean.map(() => 1), scalingFactor },
  };
  return { name, model: model as never, config: {} };
}

describe("two halves", () => {
  test("of one kind fit each other", () => {
    checkHalvesFit("open", half("a"), half("b"));
    checkHalvesFit("open", half("a", { mean: [1, 2] }), half("b", { mean: [1, 2] }));
    // What only one of them has to do with is its own.
    checkHalvesFit("open", half("a", { facts: { inChannels: 1 } }), half("b", { facts: { outChannels: 3 } }));
  });

  test.each<[string, Traits, Traits, string, string]>([
    ["class", { className: "A" }, { className: "B" }, "A", "B"],
    ["latent channels", { facts: { latentChannels: 4 } }, { facts: { latentChannels: 16 } }, "4", "16"],
    ["pixels per latent", { facts: { spatialFactor: 8 } }, { facts: { spatialFactor: 16 } }, "8", "16"],
    ["the range of pixels", {}, { facts: { pixelRange: "unit" } }, "signed", "unit"],
    ["the scaling of latents", {}, { scalingFactor: 2 }, "scaling_factor 1", "scaling_factor 2"],
    [
      "the scaling of latents",
      { mean: [1, 2] },
      { mean: [1, 3] },
      "scaling_factor 1 with latents_mean and latents_std, of other numbers",
      "scaling_factor 1 with latents_mean and latents_std",
    ],
  ])("that differ in %s do not (%#)", (trait, encoder, decoder, found, expected) => {
    expect(() => {
      checkHalvesFit("open", half("a", encoder), half("b", decoder));
    }).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: `open: expected two halves of one kind, but they differ in ${trait}: the encoder a has ${found}, the decoder b ${expected}. Pair halves that were trained for each other's latents.`,
      }),
    );
  });

  test("give pixels as the decoder does, and take them as the encoder", () => {
    const model = {
      facts: (config: { channels: number }) => ({
        inChannels: config.channels,
        outChannels: config.channels,
      }),
    };
    const facts = (encoder?: number, decoder?: number) =>
      factsOf(model as never as VaeModel<{ channels: number }>, {
        ...(encoder === undefined ? {} : { encoder: { channels: encoder } }),
        ...(decoder === undefined ? {} : { decoder: { channels: decoder } }),
      });
    expect(facts(1, 3)).toEqual({ inChannels: 1, outChannels: 3 });
    expect(facts(1)).toEqual({ inChannels: 1, outChannels: 1 });
    expect(facts(undefined, 3)).toEqual({ inChannels: 3, outChannels: 3 });
  });

  test("have one text where their configs say the same", () => {
    const text = (config: string): string => config;
    expect(commonText("m", { encoder: "x", decoder: "x" }, text)).toBe("x");
    expect(commonText("m", { decoder: "x" }, text)).toBe("x");
    expect(() => commonText("m", { encoder: "x", decoder: "y" }, text)).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED",
        message:
          "m: expected one config for both halves, found one for each, which no config.json holds. Open each half alone, and save it to a folder of its own.",
      }),
    );
  });

  test("have each their config, and what is not there is said", () => {
    expect(configOfHalf("m", { encoder: 1, decoder: 2 }, "decoder", "decode")).toBe(2);
    for (const [there, missing] of [
      ["encoder", "decoder"],
      ["decoder", "encoder"],
    ] as const) {
      expect(() => configOfHalf("m", { [there]: 1 }, missing, "plan")).toThrow(
        expect.objectContaining({
          code: "UNSUPPORTED",
          message: `m: plan needs the ${missing}; this model is its ${there} alone. Open both halves: openVae({ encoder: …, decoder: … }).`,
        }),
      );
    }
  });
});

describe("what was read", () => {
  const config = completeConfig({
    blockOutChannels: [4],
    downBlockTypes: ["DownEncoderBlock2D"],
    upBlockTypes: ["UpDecoderBlock2D"],
    normNumGroups: 2,
  });
  const tensorsOf = (...halves: ("encoder" | "decoder")[]) =>
    halves.flatMap((each) =>
      [...autoencoderKL.parameterShapes(config, each)].map(
        ([name, shape]) => [name, storeInMemory(name, Tensor.zeros(shape))] as const,
      ),
    );
  const extra = ["extra", storeInMemory("extra", Tensor.zeros([1]))] as const;
  const loaded = (name: string, ...entries: ReturnType<typeof tensorsOf>): LoadedModel => ({
    name,
    model: autoencoderKL,
    config,
    tensors: new Map(entries),
  });
  const whole = loaded("whole", ...tensorsOf("encoder", "decoder"), extra);
  const encoder = loaded("encoder", ...tensorsOf("encoder"));
  const decoder = loaded("decoder", ...tensorsOf("decoder"), extra);
  const namesOf = ({ weights }: ReturnType<typeof wholeModel>): string[] => [...weights.parameters.keys()];
  const expected = (...halves: ("encoder" | "decoder")[]): string[] =>
    tensorsOf(...halves).map(([name]) => name);

  test("whole is a whole model, with or without halves in mind", () => {
    for (const open of [wholeModel, modelOrHalf]) {
      const opened = open(whole);
      expect(namesOf(opened)).toEqual(expected("encoder", "decoder"));
      expect(opened).toMatchObject({ name: "whole", config });
      expect(opened.halves).toBeUndefined();
      expect(warningsOf(opened)).toEqual([
        "whole: ignored 1 tensors that AutoencoderKL does not have: extra.",
      ]);
    }
  });

  test("as a half is that half, unless a whole one is asked for", () => {
    const opened = modelOrHalf(decoder);
    expect(opened.halves).toEqual({ decoder: config });
    expect(namesOf(opened)).toEqual(expected("decoder"));
    expect(opened.weights.unexpected).toEqual(["extra"]);
    expect(modelOrHalf(encoder).halves).toEqual({ encoder: config });
    expect(warningsOf(modelOrHalf(encoder))).toEqual([]);
    expect(() => wholeModel(encoder)).toThrow(
      expect.objectContaining({
        code: "WEIGHTS_MISMATCH",
        message:
          "encoder: expected a whole AutoencoderKL, found its encoder alone. openVae opens a half, or two of them as one model.",
      }),
    );
  });

  test("without any tensor is told what the whole lacks", () => {
    for (const open of [wholeModel, modelOrHalf]) {
      expect(() => open(loaded("empty", extra))).toThrow(
        /^empty: expected the \d+ tensors of this config, found no/,
      );
    }
  });

  test("as a whole gives a half without the other one's tensors, which are no surprise", () => {
    const opened = halfModel(whole, "encoder");
    expect(namesOf(opened)).toEqual(expected("encoder"));
    expect(opened.weights.unexpected).toEqual(["extra"]);
    expect(opened.halves).toEqual({ encoder: config });
    expect(namesOf(halfModel(whole, "decoder"))).toEqual(expected("decoder"));
  });

  test("as the other half is refused", () => {
    expect(() => halfModel(encoder, "decoder")).toThrow(
      expect.objectContaining({
        code: "WEIGHTS_MISMATCH",
        message: "encoder: expected the decoder of a model, found its encoder alone.",
      }),
    );
    expect(halfModel(encoder, "encoder").halves).toEqual({ encoder: config });
  });

  test("in two places is joined to one model, each half from its place", () => {
    const other = { ...config, layersPerBlock: config.layersPerBlock };
    const pair = pairedModel("open", { encoder: whole, decoder: { ...decoder, config: other } });
    expect(pair.name).toBe("whole + decoder");
    expect(pair.config).toBe(config);
    expect(pair.halves!.encoder).toBe(config);
    expect(pair.halves!.decoder).toBe(other);
    expect(namesOf(pair)).toEqual(expected("encoder", "decoder"));
    const [first] = expected("encoder");
    const [second] = expected("decoder");
    expect(pair.weights.parameters.get(first!)).toBe(whole.tensors.get(first!));
    expect(pair.weights.parameters.get(second!)).toBe(decoder.tensors.get(second!));
    expect(pair.weights.unexpected).toEqual(["extra", "extra"]);
    const coarse = { ...decoder, config: { ...config, scalingFactor: 0.5 } };
    expect(() => pairedModel("open", { encoder, decoder: coarse })).toThrow(
      "open: expected two halves of one kind, but they differ in the scaling of latents",
    );
  });

  test("of another class is refused with what opens it", () => {
    const kl = autoencoderKL as never as VaeModel;
    checkClass(kl, kl.className, "file");
    expect(() => {
      checkClass({ ...kl, className: "Other" }, kl.className, "file");
    }).toThrow(
      expect.objectContaining({
        code: "INVALID_CONFIG",
        message:
          "file: expected an AutoencoderKL, found a model of the class Other. openVae opens it, as every class that vaekit reads.",
      }),
    );
  });
});
