import { describe, expect, it } from "vitest";
import { VaekitError } from "../errors.ts";
import { applyOverrides, formatRecipe, parseRecipe, recipeJsonSchema } from "./index.ts";

function messageFor(value: unknown): string {
  try {
    parseRecipe(value, "my.yaml");
  } catch (error) {
    if (error instanceof VaekitError && error.code === "INVALID_CONFIG") return error.message;
    throw error;
  }
  return "";
}

const data = { path: "photos" };
const mlp = { model: { type: "mlp" }, data: { path: "mnist" } };

describe("parseRecipe", () => {
  it("completes a recipe that only names its pictures", () => {
    const recipe = parseRecipe({ data }, "my.yaml");
    expect(recipe.steps).toBe(10_000);
    expect(recipe.epochs).toBeNull();
    expect(recipe.data).toMatchObject({ type: "images", path: "photos", resolution: 64, shortSide: null });
    expect(recipe.loss).toMatchObject({
      reconstruction: { mse: 1 },
      reduction: "mean",
      kl: { weight: 1e-6 },
    });
    expect(recipe.optimizer).toMatchObject({ type: "adamw", weightDecay: 0.01, betas: [0.9, 0.999] });
    expect(recipe.model).toMatchObject({
      type: "autoencoder_kl",
      config: { inChannels: 3, sampleSize: 64, blockOutChannels: [32, 64, 128] },
    });
  });

  it("gives an MLP the defaults of pytorch/examples", () => {
    const recipe = parseRecipe(mlp, "my.yaml");
    expect(recipe.data).toMatchObject({ type: "mnist", range: "unit" });
    expect(recipe.loss).toMatchObject({ reconstruction: { bce: 1 }, reduction: "ldm", kl: { weight: 1 } });
    expect(recipe.model).toMatchObject({ inputSize: 784, hiddenSizes: [400], latentSize: 20 });
  });

  it("completes a config with the data's channels and one plain block per level", () => {
    const recipe = parseRecipe(
      {
        data: { ...data, channels: 1, resolution: 32 },
        model: { config: { block_out_channels: [32, 64] } },
      },
      "my.yaml",
    );
    if (recipe.model.type !== "autoencoder_kl") throw new Error("another model");
    expect(recipe.model.config).toMatchObject({
      inChannels: 1,
      outChannels: 1,
      sampleSize: 32,
      downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
      latentChannels: 4,
      normNumGroups: 32,
    });
  });

  it("leaves a pretrained model's config to its folder", () => {
    const recipe = parseRecipe({ data, model: { pretrained: "vae" } }, "my.yaml");
    expect(recipe.model).toMatchObject({ pretrained: "vae", config: null });
  });

  it("gives the same recipe again from its formatted form", () => {
    for (const source of [{ data, ema: {}, loss: { adversarial: { weight: 0.5 } } }, mlp]) {
      const recipe = parseRecipe(source, "my.yaml");
      const formatted: unknown = JSON.parse(JSON.stringify(formatRecipe(recipe)));
      expect(parseRecipe(formatted, "recipe.json")).toEqual(recipe);
    }
    expect(formatRecipe(parseRecipe({ data }, "my.yaml"))).toMatchObject({
      batch_size: 8,
      data: { cache_megabytes: 512 },
      model: { config: { block_out_channels: [32, 64, 128] } },
    });
  });
});

describe("parseRecipe's errors", () => {
  it.each([
    [
      { data, optimizer: { lerning_rate: 1 } },
      "optimizer.lerning_rate: no such key; did you mean learning_rate?",
    ],
    [{ data, lr: 1 }, "lr: no such key; did you mean optimizer.learning_rate?"],
    [{ data, batchSize: 1 }, "batchSize: no such key; did you mean batch_size?"],
    [
      { data, optimizer: { momentum: 1 } },
      "optimizer.momentum: no such key; the keys here are type, learning_rate",
    ],
    [
      { data, model: { block_out_channels: [1] } },
      "model.block_out_channels: no such key; did you mean model.config.block_out_channels?",
    ],
    [
      { data, learning_rate: 1 },
      "learning_rate: no such key; did you mean optimizer.learning_rate or loss.adversarial.learning_rate?",
    ],
    [{ data, disc_start: 3 }, "disc_start: no such key; did you mean loss.adversarial.start_step?"],
    [
      { data: { ...data, binarize: true } },
      "data.binarize: no such key; only another type of data has it; the keys here are type, path",
    ],
    [
      { data, model: { config: { latent_chanels: 4 } } },
      "model.config.latent_chanels: AutoencoderKL has no such key; did you mean latent_channels?",
    ],
    [
      { data, loss: { reconstruction: { msf: 1 } } },
      "loss.reconstruction.msf: no such key; did you mean mse?",
    ],
  ])("name an unknown key, its place and the nearest one: %j", (recipe, expected) => {
    expect(messageFor(recipe)).toContain(`my.yaml: ${expected}`);
  });

  it.each([
    [{}, "data.path: missing; expected a text that is not empty."],
    ["text", 'expected a recipe, that is keys such as data, model and loss; found "text".'],
    [{ data: 3 }, "data: expected the keys"],
    [{ data, batch_size: "8" }, 'batch_size: expected a whole number above 0 to 65536, found "8".'],
    [{ data, batch_size: 0.5 }, "batch_size: expected a whole number above 0 to 65536, found 0.5."],
    [
      { data, optimizer: { betas: [0.9, 1] } },
      "optimizer.betas.1: expected a number from 0 below 1, found 1.",
    ],
    [
      { data, optimizer: { betas: 0.9 } },
      "optimizer.betas: expected a list of 2, each a number from 0 below 1, found 0.9.",
    ],
    [{ data, optimizer: { betas: [0.9] } }, "optimizer.betas: expected a list of 2"],
    [{ data, ema: { decay: 2 } }, "ema.decay: expected a number from 0 below 1, found 2."],
    [{ data, ema: true }, "ema: expected the keys decay and warmup, or null, found true."],
    [{ data: { ...data, flip: 1 } }, "data.flip: expected true or false, found 1."],
    [{ data: { ...data, channels: 2 } }, "data.channels: expected 1 or 3, found 2."],
    [
      { data: { ...data, type: "folder" } },
      'data.type: expected images, mnist, list or tensors, found "folder".',
    ],
    [
      { data, model: { type: "vae" } },
      'model.type: expected autoencoder_kl, autoencoder_tiny, vq_model or mlp, found "vae".',
    ],
    [
      { data, model: { trainable: [] } },
      "model.trainable: expected a list that is not empty, each item a text that is not empty, found [].",
    ],
    [
      { data, loss: { reconstruction: "l3" } },
      'loss.reconstruction: expected mse, l1 or bce, or the keys mse, l1 and bce, found "l3".',
    ],
    [
      { data, loss: { reconstruction: { mse: "1" } } },
      'loss.reconstruction.mse: expected a number of at least 0, found "1".',
    ],
    [
      { data, loss: { adversarial: { start_step: 10 } } },
      "loss.adversarial.weight: missing; expected a number above 0.",
    ],
    [{ data, loss: { perceptual: {} } }, "loss.perceptual.weights: missing; expected a text"],
    [
      { data, model: { config: { norm_num_groups: 3 } } },
      "model.config: expected every block_out_channels to be a multiple",
    ],
    [
      { data, model: { config: { latent_channels: -1 } } },
      "model.config.latent_channels: expected a positive whole number, found -1.",
    ],
  ])("name the place, what is expected and what is found: %j", (recipe, expected) => {
    expect(messageFor(recipe)).toContain(`my.yaml: ${expected}`);
  });

  it.each([
    [{ data, steps: 3, epochs: 1 }, "epochs: expected steps or epochs, found both (3 and 1); remove one."],
    [{ ...mlp, loss: { perceptual: { weights: "lpips" } } }, "loss.perceptual: an mlp has no such term"],
    [{ ...mlp, model: { type: "mlp", input_size: 100 } }, "model.input_size: expected 784"],
    [{ data, loss: { importance: { samples: 5 } } }, "loss.importance: only an mlp has this bound"],
    [
      { ...mlp, loss: { importance: { samples: 5 }, kl: { weight: 2 } } },
      "loss.kl: loss.importance holds its KL",
    ],
    [
      { ...mlp, loss: { importance: { samples: 5 }, reconstruction: "mse" } },
      "loss.reconstruction: loss.imp",
    ],
    [{ ...mlp, loss: { reconstruction: { bce: 1, l1: 1 } } }, "loss.reconstruction: bce compares logits, l1"],
    [
      { data, validation: { likelihood_samples: 5 } },
      "validation.likelihood_samples: without loss.likelihood",
    ],
    [
      { data: { ...data, resolution: 65 } },
      "data.resolution: expected a multiple of the model's spatial factor 4, found 65; write 64 or 68.",
    ],
    [
      { data: { type: "mnist", path: "m" }, model: { config: { block_out_channels: [32, 32, 32, 32] } } },
      "model.config.block_out_channels: expected levels whose factor divides",
    ],
    [
      { data, validation: { resolution: 2 } },
      "validation.resolution: expected a multiple of the model's spatial factor 4, found 2; write 4.",
    ],
    [
      { data, model: { pretrained: "a", config: {} } },
      "model.config: a pretrained model brings its own config",
    ],
    [
      { data, model: { config: { in_channels: 1 } } },
      "model.config.in_channels: expected the data's 3 channels, found 1",
    ],
    [
      { data, loss: { reconstruction: "bce" } },
      "loss.reconstruction: bce needs pixels in [0, 1]; write data.range: unit.",
    ],
    [
      { data, loss: { reconstruction: { mse: 0 } } },
      "loss.reconstruction: expected a term with a weight above 0",
    ],
    [
      { data, loss: { kl: { annealing: "linear" } } },
      "loss.kl.steps: expected the length of the linear annealing, found 0",
    ],
    [{ data, schedule: { type: "piecewise" } }, "schedule.milestones: missing; write e.g."],
    [{ data, schedule: { final_ratio: 0.1 } }, "schedule.final_ratio: type constant does not read it"],
    [
      { data, steps: 5, schedule: { warmup_steps: 6 } },
      "schedule.warmup_steps: expected at most the run's 5 steps, found 6.",
    ],
    [
      { data: { ...data, short_side: 32 } },
      "data.short_side: expected at least data.resolution 64, found 32.",
    ],
    [
      { data: { ...data, validation_path: "v", validation_count: 2 } },
      "data.validation_count: validation_path is given",
    ],
  ])("tell contradictions: %j", (recipe, expected) => {
    expect(messageFor(recipe)).toContain(`my.yaml: ${expected}`);
  });

  it("list every problem, one in a line, ten at most", () => {
    expect(messageFor({ data, steps: "a", seed: -1, model: { config: { foo: 1 } } }).split("\n")).toEqual([
      "my.yaml: 3 problems in the recipe:",
      '  steps: expected a whole number above 0, or null, found "a".',
      "  seed: expected a whole number of at least 0, found -1.",
      expect.stringMatching(
        /^ {2}model\.config\.foo: AutoencoderKL has no such key; the keys are in_channels/,
      ),
    ]);
    const many = Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`unknown_${i}`, 0]));
    const lines = messageFor({ data, ...many }).split("\n");
    expect(lines).toHaveLength(12);
    expect(lines.at(-1)).toBe("  and 3 more.");
  });
});

describe("parseRecipe, whatever is in a place,", () => {
  /** Every place of a recipe's formatted form. */
  function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
    if (typeof value !== "object" || value === null) return [path];
    return [path, ...Object.entries(value).flatMap(([key, child]) => placesOf(child, [...path, key]))];
  }

  function replaced(value: unknown, [key, ...rest]: readonly string[], replacement: unknown): unknown {
    if (key === undefined) return replacement;
    const copy: unknown = structuredClone(value);
    if (typeof copy === "object" && copy !== null) {
      Reflect.set(copy, key, replaced(Reflect.get(copy, key), rest, replacement));
    }
    return copy;
  }

  it.each([
    {
      data,
      ema: {},
      loss: { adversarial: { weight: 1 }, perceptual: { weights: "x" }, reconstruction: { l1: 1 } },
    },
    mlp,
  ])("takes it or names its section: %j", (source) => {
    const formatted = formatRecipe(parseRecipe(source, "my.yaml"));
    let refused = 0;
    for (const path of placesOf(formatted)) {
      for (const replacement of [null, "x", "", -1, 1.5, 1e300, NaN, true, [], [null], {}, { x: [1] }]) {
        const message = messageFor(replaced(formatted, path, replacement));
        if (message === "") continue;
        refused++;
        expect(message).toMatch(/^my\.yaml: /);
        expect(message, `${path.join(".")} = ${JSON.stringify(replacement)}`).not.toMatch(
          /undefined|\[object|NaN,/,
        );
        if (path.length > 0 && !path.includes("type")) expect(message).toContain(path[0]);
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});

describe("applyOverrides", () => {
  it("sets values written as in YAML and leaves the recipe as it was", () => {
    const source = { data, loss: { kl: { weight: 1 } }, epochs: 3 };
    const changed = applyOverrides(source, [
      "loss.kl.weight=1e-5",
      "ema.decay=0.99",
      "optimizer.betas=[0.9, 0.98]",
      "loss.reconstruction={mse: 2, l1: 0.5}",
      "data.flip=false",
      "steps=7",
    ]);
    expect(changed).toEqual({
      data: { path: "photos", flip: false },
      loss: { kl: { weight: 1e-5 }, reconstruction: { mse: 2, l1: 0.5 } },
      ema: { decay: 0.99 },
      optimizer: { betas: [0.9, 0.98] },
      steps: 7,
    });
    expect(source).toEqual({ data: { path: "photos" }, loss: { kl: { weight: 1 } }, epochs: 3 });
    expect(parseRecipe(changed, "my.yaml").steps).toBe(7);
  });

  it("replaces a config by a pretrained model", () => {
    expect(applyOverrides({ model: { config: {} } }, ["model.pretrained=x"])).toEqual({
      model: { pretrained: "x" },
    });
  });

  it("keeps both alternatives when both are set, for parseRecipe to refuse", () => {
    expect(applyOverrides({}, ["steps=1", "epochs=2"])).toEqual({ steps: 1, epochs: 2 });
  });

  it.each([
    ["steps", "`overrides: steps`: expected key.key=value, such as loss.kl.weight=1e-5; found no =."],
    ["=3", 'found the key ""'],
    ["a..b=3", 'found the key "a..b"'],
    ["__proto__.x=3", 'found the key "__proto__.x"'],
    ["steps=[1", "the value is no YAML"],
    [
      "data.path.x=1",
      '`overrides: data.path.x=1`: data.path is "photos", which has no keys; set it as a whole.',
    ],
  ])("refuses %s", (override, expected) => {
    expect(() => applyOverrides({ data }, [override])).toThrow(expected);
  });
});

describe("recipeJsonSchema", () => {
  it("knows every section and demands the data only", () => {
    const schema = recipeJsonSchema();
    expect(schema.required).toEqual(["data"]);
    expect(Object.keys(schema.properties ?? {})).toContain("checkpoints");
    expect(schema.additionalProperties).toBe(false);
    expect(schema.properties?.data?.oneOf?.map(({ required }) => required)).toEqual([
      ["path"],
      ["path"],
      ["path"],
      // A program hands tensors over: there is nothing to find.
      undefined,
    ]);
  });
});

describe("model.calibrate", () => {
  const calibrates = (model: object): unknown =>
    (parseRecipe({ model, data: { path: "x" } }, "recipe").model as { calibrate?: boolean }).calibrate;

  it("is on for fresh weights, off for a pretrained model and for a config that names its scaling", () => {
    expect(calibrates({})).toBe(true);
    expect(calibrates({ config: { scaling_factor: 0.18215, shift_factor: null } })).toBe(true);
    expect(calibrates({ pretrained: "vae" })).toBe(false);
    expect(calibrates({ pretrained: "vae", calibrate: true })).toBe(true);
    expect(calibrates({ config: { scaling_factor: 0.5 } })).toBe(false);
    expect(calibrates({ config: { shift_factor: 0 } })).toBe(false);
  });

  it("contradicts a config that names its scaling", () => {
    expect(() => calibrates({ calibrate: true, config: { scaling_factor: 0.5 } })).toThrow(
      "model.calibrate: model.config names the scaling",
    );
  });

  it.each([{}, { config: { scaling_factor: 0.5 } }, { pretrained: "vae" }])(
    "stays the same through recipe.json: %j",
    (model) => {
      const recipe = parseRecipe({ model, data: { path: "x" } }, "recipe");
      expect(parseRecipe(formatRecipe(recipe), "recipe.json")).toEqual(recipe);
    },
  );
});
