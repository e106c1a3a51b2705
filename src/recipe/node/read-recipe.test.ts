import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { VaekitError } from "../../errors.ts";
import { formatRecipe, parseRecipe } from "../index.ts";
import { readRecipe, readRecipeObject } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "vaekit-recipe-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function errorOf(promise: Promise<unknown>): Promise<VaekitError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof VaekitError) return error;
  throw new Error("expected a VaekitError", { cause: error });
}

const recipes = new URL("../../../recipes", import.meta.url).pathname;

describe("the recipes of the repository", () => {
  const names = readdirSync(recipes);

  it("are those of docs/training.md", () => {
    const page = readFileSync(new URL("../../../docs/training.md", import.meta.url), "utf8");
    const listed = [...page.matchAll(/^\| `recipes\/(.+?)` \|/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual([...names].sort());
  });

  it.each(names)("%s is valid, and stays the same through recipe.json", async (name) => {
    const recipe = await readRecipe(join(recipes, name));
    expect(parseRecipe(JSON.parse(JSON.stringify(formatRecipe(recipe))), "recipe.json")).toEqual(recipe);
  });

  it("have their numbers from where they say", async () => {
    const mnist = await readRecipe(join(recipes, "mnist.yaml"));
    expect(mnist.optimizer).toEqual({
      type: "adam",
      learningRate: 1e-3,
      betas: [0.9, 0.999],
      epsilon: 1e-8,
      weightDecay: 0,
      clipNorm: null,
    });
    // Both scripts take the gradient of the sum over a batch, which their epsilons are for.
    expect(mnist.loss.reduction).toBe("sum");
    const iwae = await readRecipe(join(recipes, "mnist-iwae.yaml"));
    expect([iwae.loss.reduction, iwae.optimizer.epsilon]).toEqual(["sum", 1e-4]);
    expect(iwae.schedule.milestones).toEqual(
      [1, 2].map((stage) => ({
        step: (60_000 / 20) * [0, 1, 4][stage]!,
        factor: expect.closeTo(10 ** (-stage / 7), 12) as number,
      })),
    );
    const ldm = await readRecipe(join(recipes, "ldm-adversarial.yaml"));
    expect(ldm.loss.adversarial).toMatchObject({
      weight: 0.5,
      startStep: 50001,
      loss: "hinge",
      norm: "batch",
    });
    expect(ldm.optimizer.learningRate).toBeCloseTo(4.5e-6 * 12 * 2, 12);
  });
});

describe("readRecipe", () => {
  it("reads JSON as well", async () => {
    const path = file("a.json", '{"data": {"path": "x"}, "batch_size": 3}');
    expect((await readRecipe(path)).batchSize).toBe(3);
    expect(await readRecipeObject(path)).toEqual({ data: { path: "x" }, batch_size: 3 });
  });

  it("replaces values by overrides", async () => {
    const path = file("b.yaml", "data: {path: x}\nsteps: 5\n");
    const recipe = await readRecipe(path, { overrides: ["epochs=2", "ema.decay=0.5"] });
    expect(recipe).toMatchObject({ steps: null, epochs: 2, ema: { decay: 0.5, warmup: "ratio" } });
  });

  it("names the line of every problem", async () => {
    const path = file("c.yaml", "data:\n  path: x\nloss:\n  kl:\n    wieght: 1\nsteps: no\n");
    const error = await errorOf(readRecipe(path, { overrides: ["seed=-1"] }));
    expect(error.code).toBe("INVALID_CONFIG");
    expect(error.message.split("\n").slice(1)).toEqual([
      "  loss.kl.wieght: no such key; did you mean weight? (line 5)",
      '  steps: expected a whole number above 0, or null, found "no". (line 6)',
      "  seed: expected a whole number of at least 0, found -1. (set by `overrides`)",
    ]);
  });

  it("says where the syntax breaks", async () => {
    const error = await errorOf(readRecipe(file("d.yaml", "data:\n  path: x\n loss: [1\n")));
    expect(error.code).toBe("INVALID_FILE");
    expect(error.message).toMatch(/d\.yaml: line 3, column \d+: /);
    expect(error.message).not.toContain("\n");
    const twice = await errorOf(readRecipe(file("e.yaml", "steps: 1\nsteps: 2\n")));
    expect(twice.message).toContain("line 2, column 1: Map keys must be unique");
  });

  it("refuses a file that is none, another ending and an empty file", async () => {
    expect(await errorOf(readRecipe(join(folder, "none.yaml")))).toMatchObject({ code: "NOT_FOUND" });
    expect(await errorOf(readRecipe(file("f.toml", "")))).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect((await errorOf(readRecipe(file("g.yaml", "# nothing\n")))).message).toContain(
      "data.path: missing",
    );
    expect((await errorOf(readRecipe(file("h.yaml", "just text\n")))).message).toContain("expected a recipe");
  });

  it("refuses what is no file before it opens it: a pipe would wait for ever", async () => {
    const pipe = join(folder, "pipe.yaml");
    execFileSync("mkfifo", [pipe]);
    expect(await errorOf(readRecipe(pipe))).toMatchObject({
      code: "INVALID_FILE",
      message: expect.stringContaining("expected a recipe, found a device or a pipe") as string,
    });
    expect((await errorOf(readRecipe(folder + "/"))).code).toBe("INVALID_ARGUMENT");
  });

  it("refuses a file that is far too large, too deep, or no text", async () => {
    const large = await errorOf(readRecipe(file("large.yaml", "# ".repeat(200_000))));
    expect(large.message).toContain("at most 262144 bytes, found 400000");
    const deep = await errorOf(readRecipe(file("deep.yaml", `a: 1\nb: ${"[".repeat(100_000)}`)));
    expect(deep).toMatchObject({ code: "INVALID_FILE" });
    expect(deep.message).toMatch(/deep\.yaml: .*at most 32 levels of nesting/);
    const bytes = await errorOf(readRecipe(file("bytes.yaml", Buffer.from([0xff, 0xfe, 0x61]))));
    expect(bytes.message).toContain("expected text in UTF-8");
    const cycle = await errorOf(readRecipe(file("cycle.yaml", "data: &a\n  path: x\n  type: *a\n")));
    expect(cycle).toMatchObject({ code: "INVALID_CONFIG" });
    expect(cycle.message).toContain("contains itself");
  });
});
