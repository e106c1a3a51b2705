/** What a recipe's mistakes are answered with: the place, what is expected there, and what was probably meant. */
import { describe, expect, it } from "vitest";
import { applyOverrides, parseRecipe, recipeJsonSchema } from "./index.ts";
import { describe as describeSchema, formatPath, listOf, schemaAt } from "./known-keys.ts";
import { parseOverridden } from "./overrides.ts";
import { formatFound, recipeError } from "./problems.ts";
import { pictureSides, pictureSize } from "./picture-size.ts";

const data = { path: "photos" };

function messageOf(value: unknown): string {
  try {
    parseRecipe(value);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("a name that other programs use", () => {
  it.each([
    ["lr", "optimizer.learning_rate"],
    ["eps", "optimizer.epsilon"],
    ["wd", "optimizer.weight_decay"],
    ["max_grad_norm", "optimizer.clip_norm"],
    ["warmup", "schedule.warmup_steps"],
    ["lr_warmup_steps", "schedule.warmup_steps"],
    ["max_steps", "steps"],
    ["max_train_steps", "steps"],
    ["num_train_epochs", "epochs"],
    ["train_batch_size", "batch_size"],
    ["gradient_accumulation_steps", "accumulate"],
    ["kl_weight", "loss.kl.weight"],
    ["kl_scale", "loss.kl.weight"],
    ["beta", "loss.kl.weight"],
    ["perceptual_weight", "loss.perceptual.weight"],
    ["disc_start", "loss.adversarial.start_step"],
    ["disc_weight", "loss.adversarial.weight"],
    ["disc_loss", "loss.adversarial.loss"],
    ["pretrained_model_name_or_path", "model.pretrained"],
  ])("%s is answered with ours", (wrong, right) => {
    expect(messageOf({ data, [wrong]: 1 })).toBe(`recipe: ${wrong}: no such key; did you mean ${right}?`);
    const [, key] = right.split(/\.(?=[^.]*$)/);
    expect(key ?? right).not.toBe("");
  });

  it("is answered with the near key of its own section first", () => {
    expect(messageOf({ data: { ...data, size: 8 } })).toContain(
      "data.size: no such key; did you mean data.resolution?",
    );
    expect(messageOf({ data, schedule: { warmup: 8 } })).toContain("did you mean schedule.warmup_steps?");
    expect(messageOf({ data, optimizer: { lr_scheduler: "cosine" } })).toContain(
      "did you mean schedule.type?",
    );
    expect(messageOf({ data, lr_scheduler: "cosine" })).toContain("did you mean schedule?");
  });
});

describe("what a place expects", () => {
  const schema = recipeJsonSchema();
  const at = (...path: (string | number)[]): string =>
    describeSchema(schemaAt(schema, { data, model: {} }, path));

  it.each([
    [["steps"], "a whole number above 0, or null"],
    [["seed"], "a whole number of at least 0"],
    [["batch_size"], "a whole number above 0 to 65536"],
    [["accumulate"], "a whole number above 0 to 1000000"],
    [["optimizer", "learning_rate"], "a number above 0"],
    [["optimizer", "betas"], "a list of 2, each a number from 0 below 1"],
    [["optimizer", "betas", 1], "a number from 0 below 1"],
    [["optimizer", "weight_decay"], "a number of at least 0, or null"],
    [["schedule", "final_ratio"], "a number from 0 to 1"],
    [["schedule", "type"], "constant, linear, cosine, cosine_with_restarts, polynomial or piecewise"],
    [["schedule", "milestones"], "a list, each item the keys step and factor"],
    [["schedule", "milestones", 3, "factor"], "a number of at least 0"],
    [["data", "flip"], "true or false"],
    [["data", "path"], "a text that is not empty"],
    [["model", "trainable"], "a list that is not empty, each item a text that is not empty"],
    [["model", "config"], "keys with values, or null"],
    [["ema"], "the keys decay and warmup, or null"],
    [["log"], "the keys every"],
    [["nothing"], "another value"],
    [["steps", "inside"], "another value"],
  ])("%j: %s", (path, expected) => {
    expect(at(...path)).toBe(expected);
  });

  it("follows the type that the section names", () => {
    const place = (type: string, key: string) => schemaAt(schema, { data: { type } }, ["data", key]);
    expect(place("mnist", "binarize")).toBeDefined();
    expect(place("images", "binarize")).toBeUndefined();
    expect(place("tensors", "height")).toBeDefined();
    expect(place("nothing", "resolution")).toBeDefined();
  });

  it("is listed as a sentence has it", () => {
    expect([listOf(["a"]), listOf(["a", "b"]), listOf([1, 2, 3], "and")]).toEqual([
      "a",
      "a or b",
      "1, 2 and 3",
    ]);
    expect(formatPath(["a", 0, "b"])).toBe("a.0.b");
  });
});

describe("the error of several mistakes", () => {
  const problem = (name: string) => ({ path: [name], message: "wrong." });

  it("has one line for one, and ten at most for many, each with its place", () => {
    expect(recipeError([problem("a")], "r").message).toBe("r: a: wrong.");
    expect(recipeError([{ path: [], message: "wrong." }], "r", () => "line 3").message).toBe(
      "r: wrong. (line 3)",
    );
    const many = (count: number): string[] =>
      recipeError(
        Array.from({ length: count }, (_, i) => problem(`k${i}`)),
        "r",
      ).message.split("\n");
    expect(many(2)).toEqual(["r: 2 problems in the recipe:", "  k0: wrong.", "  k1: wrong."]);
    expect(many(10)).toHaveLength(11);
    expect(many(11).slice(-2)).toEqual(["  k9: wrong.", "  and 1 more."]);
  });

  it("shortens what was found and what it was called", () => {
    expect(formatFound("x".repeat(100)).length).toBeLessThanOrEqual(61);
    expect(formatFound({ a: 1 })).toBe('{"a":1}');
    const long = recipeError([problem("k".repeat(200))], "r").message;
    expect(long.length).toBeLessThan(100);
  });

  it("names a contradiction beside a config's unknown key", () => {
    const message = messageOf({ data, steps: 1, epochs: 1, model: { config: { foo: 1 } } });
    expect(message).toContain("epochs: expected steps or epochs");
    expect(message).toContain("model.config.foo: AutoencoderKL has no such key");
  });
});

describe("overrides", () => {
  it("are told apart from what stands in the file", () => {
    const locate = (path: readonly PropertyKey[]): string => `at ${path.join("/")}`;
    const parse =
      (...overrides: string[]) =>
      (): unknown =>
        parseOverridden({ data, steps: 0, loss: { kl: { weight: -1 } } }, "r", { overrides }, locate);
    expect(parse()).toThrow("  steps: expected a whole number above 0, or null, found 0. (at steps)");
    expect(parse("loss.kl={weight: -2}", "steps=1")).toThrow(
      "r: loss.kl.weight: expected a number of at least 0, found -2. (set by `overrides`)",
    );
    expect(parse("loss.k={}", "steps=1", "loss.kl.weight=1")).toThrow("r: loss.k: no such key");
    expect(() => parseOverridden(undefined, "r", {})).toThrow("r: data.path: missing");
  });

  it("take away the key that they stand for, whichever of the two was there", () => {
    expect(applyOverrides({ epochs: 3 }, ["steps=1"])).toEqual({ steps: 1 });
    expect(applyOverrides({ steps: 3 }, ["epochs=1"])).toEqual({ epochs: 1 });
    expect(applyOverrides({ model: { pretrained: "a", as: null } }, ["model.config.act_fn=relu"])).toEqual({
      model: { as: null, config: { act_fn: "relu" } },
    });
    expect(applyOverrides({ model: { config: { act_fn: "relu" } } }, ["model.pretrained=a"])).toEqual({
      model: { pretrained: "a" },
    });
    expect(applyOverrides({ steps: 3, model: "text" }, ["epochs=1"])).toEqual({ epochs: 1, model: "text" });
  });

  it("read their values as YAML, and spaces around a key as nothing", () => {
    expect(applyOverrides({}, [" a.b =x", "c=", "d=a=b", "e=null", "f-1=[1, two]"])).toEqual({
      a: { b: "x" },
      c: null,
      d: "a=b",
      e: null,
      "f-1": [1, "two"],
    });
    expect(applyOverrides({ a: null }, ["a.b=1"])).toEqual({ a: { b: 1 } });
    expect(applyOverrides(undefined, ["a=1"])).toEqual({ a: 1 });
    expect(() => applyOverrides({ a: 1 }, ["a.b.c=1"])).toThrow(
      "a is 1, which has no keys; set it as a whole.",
    );
    expect(() => applyOverrides({ a: { b: [1] } }, ["a.b.c=1"])).toThrow("a.b is [1], which has no keys");
    expect(() => applyOverrides({}, ["1a=1"])).toThrow('found the key "1a"');
  });
});

describe("the size of a recipe's pictures", () => {
  it("is that of its kind of data, and the sides are those of every phase, too", () => {
    expect(pictureSize({ type: "mnist" })).toEqual({ channels: 1, height: 28, width: 28 });
    expect(pictureSize({ type: "tensors", channels: 2, height: 3, width: 4 })).toEqual({
      channels: 2,
      height: 3,
      width: 4,
    });
    const images = { type: "images", channels: 3, resolution: 8 } as const;
    expect(pictureSize(images)).toEqual({ channels: 3, height: 8, width: 8 });
    expect(pictureSides({ data: images, phases: [{ resolution: 5 }, { resolution: 6 }] })).toEqual([
      8, 8, 5, 6,
    ]);
    expect(pictureSides({ data: { type: "tensors", channels: 2, height: 3, width: 4 }, phases: [] })).toEqual(
      [3, 4],
    );
  });
});
