/** What a recipe's likelihood leaves out, and what it is refused for. */
import { describe, expect, it } from "vitest";
import { data, mlp, refusal, type Section } from "../../test/recipe/refusal.ts";
import { formatRecipe, parseRecipe, recipeJsonSchema } from "./index.ts";

const parsed = (recipe: Section): ReturnType<typeof parseRecipe> => parseRecipe(recipe);
const withLikelihood = (likelihood: Section, more: Section = {}): Section => ({
  ...mlp,
  loss: { likelihood, ...more },
});

describe("a likelihood", () => {
  it("is no part of a recipe that does not ask for one", () => {
    expect(parsed(mlp).loss.likelihood).toBeNull();
  });

  it("of pictures in [0, 1] begins at a quarter, is bounded by a level of 8 bits, and replaces the reconstruction", () => {
    const { loss } = parsed(withLikelihood({}));
    expect(loss.likelihood).toEqual({
      distribution: "normal",
      scale: "shared",
      initialScale: 0.25,
      minScale: 1 / 255,
      levels: 256,
    });
    expect(loss.reconstruction).toEqual({});
  });

  it("of an AutoencoderKL is half of its ELBO, unless the recipe weighs the divergence otherwise", () => {
    const weightOf = (loss: Section): number => parsed({ data, loss }).loss.kl.weight;
    expect(weightOf({})).toBe(1e-6);
    expect(weightOf({ likelihood: {} })).toBe(1);
    expect(weightOf({ likelihood: {}, kl: { free_bits: 0.1 } })).toBe(1);
    expect(weightOf({ likelihood: {}, kl: { weight: 0.5 } })).toBe(0.5);
  });

  it("has twice those numbers for pixels in [-1, 1]", () => {
    const { data: section, ...recipe } = withLikelihood({ scale: "per_value" });
    const signed = parsed({ ...recipe, data: { ...(section as Section), range: "signed" } }).loss.likelihood;
    expect(signed).toMatchObject({ initialScale: 0.5, minScale: 2 / 255 });
  });

  it("is bounded by a level where there are others than 256", () => {
    expect(parsed(withLikelihood({ levels: 11 })).loss.likelihood).toMatchObject({
      minScale: 0.1,
      levels: 11,
    });
  });

  it("of tensors is continuous unless they say levels", () => {
    const tensors = { model: { type: "mlp", input_size: 3 }, data: { type: "tensors", height: 1, width: 1 } };
    const of = (likelihood: Section): unknown => parsed({ ...tensors, loss: { likelihood } }).loss.likelihood;
    expect(of({})).toMatchObject({ levels: null, minScale: 1 / 255 });
    expect(of({ levels: 256 })).toMatchObject({ levels: 256 });
  });

  it("of levels with probabilities of their own has 16, unless the recipe says fewer, and no scale", () => {
    const of = (more: Section): unknown =>
      parsed(withLikelihood({ distribution: "categorical", ...more })).loss.likelihood;
    expect(of({})).toEqual({ distribution: "categorical", levels: 16 });
    expect(of({ levels: 2 })).toEqual({ distribution: "categorical", levels: 2 });
  });

  it("has no bound where its scale is fixed", () => {
    const likelihood = parsed(withLikelihood({ scale: "fixed", initial_scale: 0.5 })).loss.likelihood;
    expect(likelihood).toMatchObject({ initialScale: 0.5, minScale: null });
  });

  it("comes back from the file that it was written to", () => {
    for (const likelihood of [
      {},
      { scale: "fixed" },
      { distribution: "discretized_logistic" },
      { distribution: "categorical" },
    ]) {
      const recipe = parsed(withLikelihood(likelihood));
      expect(parsed(formatRecipe(recipe))).toEqual(recipe);
    }
  });

  it("has its keys in the JSON schema", () => {
    const union = recipeJsonSchema().properties?.loss?.properties?.likelihood?.anyOf?.[0];
    const keys = union?.oneOf?.map(({ properties }) => Object.keys(properties ?? {}));
    expect(keys).toEqual([
      ["distribution", "scale", "initial_scale", "min_scale", "levels"],
      ["distribution", "levels"],
    ]);
  });

  it.each<[string, Section, string | undefined]>([
    ["a bound of several samples", withLikelihood({}, { importance: { samples: 2 } }), undefined],
    ["an estimate of log p(x)", { ...withLikelihood({}), validation: { likelihood_samples: 5 } }, undefined],
    [
      "another reconstruction",
      withLikelihood({}, { reconstruction: "mse" }),
      "loss.reconstruction: loss.likelihood is the reconstruction's term; remove one of them.",
    ],
    [
      "LDM's variance",
      withLikelihood({}, { learn_logvar: true }),
      "loss.learn_logvar: loss.likelihood has a scale of its own; remove one of them.",
    ],
    [
      "black and white pixels",
      { ...mlp, data: { ...mlp.data, binarize: true }, loss: { likelihood: {} } },
      "loss.likelihood: black and white pixels have a Bernoulli distribution",
    ],
    [
      "a bound above the beginning",
      withLikelihood({ min_scale: 0.5 }),
      "loss.likelihood.min_scale: expected a number below initial_scale 0.25, found 0.5.",
    ],
    [
      "a beginning at the bound",
      withLikelihood({ initial_scale: 0.01, min_scale: 0.01 }),
      "expected a number below initial_scale 0.01, found 0.01.",
    ],
    [
      "a bound that float32 cannot tell from 0",
      withLikelihood({ min_scale: 1e-9 }),
      "loss.likelihood.min_scale:",
    ],
    [
      "a scale of 0",
      withLikelihood({ initial_scale: 0 }),
      "loss.likelihood.initial_scale: expected a number above 0",
    ],
    [
      "no bound",
      withLikelihood({ min_scale: null }),
      "loss.likelihood.min_scale: a scale that is learned needs a bound",
    ],
    [
      "a bound of a fixed scale",
      withLikelihood({ scale: "fixed", min_scale: 0.1 }),
      "loss.likelihood.min_scale: a fixed scale has no bound; remove it.",
    ],
    [
      "a discretised distribution of continuous values",
      withLikelihood({ distribution: "discretized_logistic", levels: null }),
      "loss.likelihood.levels: a discretized distribution needs them; write 256 for 8-bit pictures.",
    ],
    ["one level", withLikelihood({ levels: 1 }), "loss.likelihood.levels: expected"],
    [
      "the best scale of a logistic distribution",
      withLikelihood({ distribution: "discretized_logistic", scale: "optimal" }),
      "loss.likelihood.scale: optimal is known of a normal distribution only; write shared.",
    ],
    [
      "the best scale of several samples",
      withLikelihood({ scale: "optimal" }, { importance: { samples: 2 } }),
      "loss.likelihood.scale: loss.importance compares latents under one scale; write shared, not optimal.",
    ],
    [
      "channels of rows",
      withLikelihood({ scale: "per_channel" }),
      "loss.likelihood.scale: an mlp's rows have no channels; write shared or per_value.",
    ],
    [
      "a distribution that there is not",
      withLikelihood({ distribution: "laplace" }),
      "loss.likelihood.distribution: expected normal, discretized_logistic or categorical, found",
    ],
    [
      "a scale of levels",
      withLikelihood({ distribution: "categorical", scale: "shared" }),
      "loss.likelihood.scale: no such key; only another type of loss.likelihood has it; the keys here are distribution and levels.",
    ],
    [
      "more levels than the last layer bears",
      withLikelihood({ distribution: "categorical", levels: 256 }),
      "loss.likelihood.levels: expected a whole number from 2 to 16, found 256.",
    ],
    [
      "one level of its own",
      withLikelihood({ distribution: "categorical", levels: 1 }),
      "from 2 to 16, found 1.",
    ],
    [
      "levels of an AutoencoderKL",
      { data, loss: { likelihood: { distribution: "categorical" } } },
      "loss.likelihood.distribution: an AutoencoderKL's last convolution gives one number for each value; write discretized_logistic.",
    ],
    ["a near key", withLikelihood({ min_scal: 1 }), "did you mean min_scale?"],
    [
      "a VQModel",
      { model: { type: "vq_model" }, data, loss: { likelihood: {} } },
      "loss.likelihood: a vq_model has none; remove it, or use model.type autoencoder_kl or mlp.",
    ],
    ["an AutoencoderKL", { data, loss: { likelihood: {} } }, undefined],
    ["channels of pictures", { data, loss: { likelihood: { scale: "per_channel" } } }, undefined],
    [
      "an estimate of log p(x) of an AutoencoderKL",
      { data, loss: { likelihood: {} }, validation: { likelihood_samples: 5 } },
      undefined,
    ],
  ])("and %s", (_, recipe, message) => {
    if (message === undefined) expect(refusal(recipe)).toBeUndefined();
    else expect(refusal(recipe)).toContain(message);
  });
});
