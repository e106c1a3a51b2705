import { describe, expect, test } from "vitest";
import { VaekitError } from "../errors.ts";
import { joinNames } from "../util/nearest-name.ts";
import { autoencoderKL } from "./autoencoder-kl/model.ts";
import { autoencoderKLFlux2 } from "./autoencoder-kl-flux2/model.ts";
import { completeConfig, formatConfig } from "./autoencoder-kl/config.ts";
import { pytorchExamplesMlpVae } from "./mlp-vae/graph.ts";
import { mlpVae } from "./mlp-vae/model.ts";
import { checkFacts } from "./check-facts.ts";
import type { TensorShapes, VaeModel } from "./model.ts";
import {
  isUnknownClass,
  knownClassNames,
  knownModels,
  modelNamed,
  modelsToAsk,
  parseModelConfig,
} from "./registry.ts";
import { registerModel } from "./register-model.ts";

const another: VaeModel = { ...mlpVae, className: "AnotherVae", aliases: ["OlderVae"] };

const errorOf = async (call: () => unknown): Promise<VaekitError> => {
  try {
    await call();
  } catch (error) {
    if (error instanceof VaekitError) return error;
  }
  return expect.fail("expected a VaekitError");
};

const knownNames = (): string => joinNames(knownClassNames());

describe("a config.json", () => {
  test("is called so where nobody says what it is", async () => {
    const { message } = await errorOf(() => parseModelConfig(3));
    expect(message).toMatch(/^config\.json: expected /);
  });

  test("is read by the class that it names", async () => {
    const kl = await parseModelConfig(JSON.parse(formatConfig(completeConfig({}))), "config.json");
    expect(kl.model).toBe(autoencoderKL);
    expect(kl.config).toEqual(completeConfig({}));
    const mlp = await parseModelConfig(
      JSON.parse(mlpVae.config.format(pytorchExamplesMlpVae)),
      "config.json",
    );
    expect(mlp.model).toBe(mlpVae);
    expect(mlp.config).toEqual(pytorchExamplesMlpVae);
  });

  test("without a class is an AutoencoderKL's, as is one of an older name", async () => {
    expect((await parseModelConfig({ latent_channels: 4 }, "config.json")).model).toBe(autoencoderKL);
    expect((await parseModelConfig({ _class_name: "FlaxAutoencoderKL" }, "config.json")).model).toBe(
      autoencoderKL,
    );
  });

  test("of a class that nobody knows names the known ones", async () => {
    expect(
      await errorOf(() => parseModelConfig({ _class_name: "SomethingNew" }, "vae/config.json")),
    ).toMatchObject({
      code: "INVALID_CONFIG",
      message: `vae/config.json: expected the config of one of the classes that vaekit reads, ${knownNames()}, found that of "SomethingNew".`,
    });
  });

  test("of a foreign autoencoder says what it is, and names the known ones", async () => {
    const error = await errorOf(() =>
      parseModelConfig({ _class_name: "AutoencoderKLMochi" }, "vae/config.json"),
    );
    expect(error.code).toBe("UNSUPPORTED");
    expect(error.message).toContain("this is Mochi's video autoencoder");
    expect(error.message).toContain(`${knownNames()}.`);
  });

  test.each([[null], [[1]], ["text"], [7]])("that is %j is refused", async (json) => {
    expect(await errorOf(() => parseModelConfig(json, "vae/config.json"))).toMatchObject({
      code: "INVALID_CONFIG",
      message: expect.stringMatching(
        /^vae\/config\.json: expected an object, a model's config, found /,
      ) as string,
    });
  });
});

describe("registerModel", () => {
  test("makes a class known, under all its names, and once", async () => {
    expect(isUnknownClass({ _class_name: "OlderVae" })).toBe(true);
    registerModel(another);
    expect(await modelNamed("AnotherVae")).toBe(another);
    expect(isUnknownClass({ _class_name: "OlderVae" })).toBe(false);
    expect((await knownModels()).filter((model) => model === another)).toHaveLength(1);
    expect((await errorOf(() => parseModelConfig({ _class_name: "SomethingNew" }, "c"))).message).toContain(
      "MlpVae or AnotherVae",
    );
  });

  test.each([
    ["the class itself", another],
    ["a class of vaekit's", { ...another, className: "AutoencoderKL", aliases: [] }],
    ["an alias", { ...another, className: "Fresh", aliases: ["FlaxAutoencoderKL"] }],
  ])("refuses a name that is taken: %s", async (_, model) => {
    expect(
      await errorOf(() => {
        registerModel(model);
      }),
    ).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("Register each class once.") as string,
    });
    expect(await modelNamed("Fresh")).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ["registerModel: expected a VaeModel, found undefined.", undefined],
    ["registerModel: className: expected a text that is not empty", { ...another, className: "" }],
    ["registerModel: encoder: expected a function", { ...another, encoder: undefined }],
    ["registerModel: config: parse: expected a function", { ...another, config: { keys: [] } }],
    [
      "registerModel: alone: expected a function, or nothing",
      { ...another, alone: { recognizes: () => true } },
    ],
  ])("refuses what is no model: %s", async (message, model) => {
    const error = await errorOf(() => {
      registerModel(model as VaeModel);
    });
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.message).toContain(message);
  });
});

test.each<[string, unknown]>([
  ["AnotherVae: facts: expected ModelFacts, found undefined.", undefined],
  ["AnotherVae: facts: latentChannels: expected a whole number above 0, found 0.", { latentChannels: 0 }],
  ['AnotherVae: facts: sizes: expected "down" or "up" or "refused", found "round".', { sizes: "round" }],
])("facts of a class are checked: %s", async (message, wrong) => {
  const right = another.facts(pytorchExamplesMlpVae);
  checkFacts(right, "AnotherVae");
  const facts = wrong === undefined ? wrong : { ...right, ...wrong };
  expect(
    await errorOf(() => {
      checkFacts(facts, "AnotherVae");
    }),
  ).toMatchObject({ code: "INVALID_ARGUMENT", message });
});

test("weights without a config are known by their names", async () => {
  const shapes = autoencoderKL.parameterShapes(completeConfig({}));
  const tensors = new Map([...shapes].map(([name, shape]) => [name, { shape }]));
  const modelOf = async (of: TensorShapes): Promise<VaeModel | undefined> => {
    for (const model of await modelsToAsk()) {
      if ((await model.alone?.())?.recognizes(of) === true) return model;
    }
    return undefined;
  };
  expect(await modelOf(tensors)).toBe(autoencoderKL);
  const withStatistics = new Map([...tensors, ["bn.running_mean", { shape: [128] }]]);
  expect(await modelOf(withStatistics)).toBe(autoencoderKLFlux2);
  expect(await modelOf(new Map([...tensors, ["decoder_unet.x", { shape: [1] }]]))).toBeUndefined();
  expect(await modelOf(new Map())).toBeUndefined();
});

test.each([
  ["AutoencoderKL", autoencoderKL as VaeModel, completeConfig({})],
  ["MlpVae", mlpVae as VaeModel, pytorchExamplesMlpVae],
])("%s's halves have all its parameters, and none together", (_, model, config) => {
  const [encoder, decoder] = [
    model.parameterShapes(config, "encoder"),
    model.parameterShapes(config, "decoder"),
  ];
  expect([...encoder, ...decoder]).toEqual([...model.parameterShapes(config)]);
  expect([...encoder.keys()].filter((name) => decoder.has(name))).toEqual([]);
});
