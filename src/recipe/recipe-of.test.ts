import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseRecipe, recipeOf } from "./index.ts";
import { readRecipe } from "./node/index.ts";

const recipes = fileURLToPath(new URL("../../recipes", import.meta.url));
const data = { path: "photos" };

const messageOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
};

describe("recipeOf", () => {
  it("takes a plain object as a recipe file has it", () => {
    const plain = { data, batch_size: 3, optimizer: { learning_rate: 0.5 } };
    expect(recipeOf(plain)).toEqual(parseRecipe(plain));
    expect(recipeOf(plain).optimizer.learningRate).toBe(0.5);
  });

  it.each(readdirSync(recipes))("takes %s, parsed, for the recipe that it is", async (name) => {
    const parsed = await readRecipe(join(recipes, name));
    expect(recipeOf(parsed)).toEqual(parsed);
    expect(recipeOf(structuredClone(parsed))).toEqual(parsed);
  });

  it("checks what was changed of a parsed recipe", () => {
    const parsed = parseRecipe({ data });
    expect(recipeOf({ ...parsed, steps: 5 }).steps).toBe(5);
    expect(messageOf(() => recipeOf({ ...parsed, batchSize: "many" as never }, "train: recipe"))).toBe(
      'train: recipe: batch_size: expected a whole number above 0 to 65536, found "many".',
    );
  });

  it.each([
    [{ data, batchSize: 4 }, "recipe: batchSize: no such key; did you mean batch_size?"],
    [{ data, lr: 1 }, "recipe: lr: no such key; did you mean optimizer.learning_rate?"],
    [{ data, optimizer: { learningRate: 1 } }, "learningRate: no such key; did you mean learning_rate?"],
    [{ data: "photos" }, "recipe: data: expected the keys type, path"],
    [{ data: { path: 7 } }, "recipe: data.path: expected a text that is not empty, found 7."],
    [{ data, steps: "7" }, 'recipe: steps: expected a whole number above 0, or null, found "7".'],
    [{ steps: 7 }, "recipe: data.path: missing; expected a text that is not empty."],
    [[], "recipe: expected a recipe, that is keys such as data, model and loss; found []."],
  ])("says of %j what is wrong and what was meant", (value, message) => {
    expect(messageOf(() => recipeOf(value as never))).toContain(message);
  });
});
