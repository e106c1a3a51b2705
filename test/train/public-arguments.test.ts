/** Every export of vaekit/train takes what it promises, or refuses it with an error of vaekit. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import * as portable from "../../src/train/public.ts";
import { NodeRuntime, Tensor } from "../../src/node/index.ts";
import * as training from "../../src/training/index.ts";
import { describeRows, optional, row, rowsNeeded, type Rows } from "../argument-rows.ts";

const folder = mkdtempSync(join(tmpdir(), "vaekit-train-arguments-"));
const runtime = new NodeRuntime({ device: "cpu" });
const data = Tensor.zeros([2, 4]);
const mlp = {
  model: { type: "mlp", input_size: 4, hidden_sizes: [2], latent_size: 1 },
  batch_size: 2,
} as const;
const trainer = await training.Trainer.fromRecipe(runtime, mlp, { data });
afterAll(async () => {
  await trainer.dispose();
  await runtime.dispose();
  rmSync(folder, { recursive: true });
});

const recipe = { data: { path: "pictures" } };
const parsed = training.parseRecipe(recipe);
const schedule = {
  type: "linear",
  totalSteps: 9,
  warmupSteps: 1,
  finalRatio: 0,
  cycles: 1,
  power: 1,
  milestones: [],
} as const;
const annealing = { weight: 1, annealing: "linear", startStep: 0, steps: 4, cycles: 1 } as const;
const decay = { decay: 0.9, warmup: "ratio" } as const;
const directory = join(folder, "run");

const rows: Rows = {
  parseRecipe: row((x) => training.parseRecipe(x)),
  "parseRecipe: subject": optional((x) => training.parseRecipe(recipe, x), "text", "empty text"),
  "parseRecipe: locate": optional((x) => training.parseRecipe(recipe, "recipe", x), "function"),
  formatRecipe: row((x) => training.formatRecipe(x)),
  "formatRecipe: model": row((x) => training.formatRecipe({ ...parsed, model: x })),
  applyOverrides: optional((x) => training.applyOverrides(x, []), "null", "object", "Map"),
  "applyOverrides: overrides": row((x) => training.applyOverrides(recipe, x), "list"),
  readRecipe: row((x) => training.readRecipe(x)),
  "readRecipe: options": row((x) => training.readRecipe("no.yaml", x)),
  "readRecipe: overrides": row((x) => training.readRecipe("no.yaml", { overrides: x })),
  readRunRecipe: row((x) => training.readRunRecipe(x)),
  "readRunRecipe: options": row((x) => training.readRunRecipe(directory, x)),
  emaDecay: row((x) => training.emaDecay(x, 1)),
  "emaDecay: decay": row((x) => training.emaDecay({ ...decay, decay: x }, 1)),
  "emaDecay: update": row((x) => training.emaDecay(decay, x)),
  klWeight: row((x) => training.klWeight(x, 1)),
  "klWeight: weight": row((x) => training.klWeight({ ...annealing, weight: x }, 1), "fraction"),
  "klWeight: step": row((x) => training.klWeight(annealing, x)),
  learningRateFactor: row((x) => training.learningRateFactor(x, 1)),
  "learningRateFactor: milestones": row(
    (x) => training.learningRateFactor({ ...schedule, milestones: x }, 1),
    "list",
  ),
  "learningRateFactor: step": row((x) => training.learningRateFactor(schedule, x)),
  reconstructionLoss: row((x) => training.reconstructionLoss(x, [1, 2])),
  "reconstructionLoss: shape": row((x) => training.reconstructionLoss("mse", x)),
  klLoss: row((x) => training.klLoss(x)),
  perceptualLoss: row((x) => training.perceptualLoss(x, [1, 3, 16, 16])),
  "perceptualLoss: a weight": row((x) =>
    training.perceptualLoss(new Map([["features.0.weight", x]]), [1, 3, 16, 16]),
  ),
  "perceptualLoss: shape": row((x) => training.perceptualLoss(new Map(), x)),
  "Trainer.fromRecipe": row((x) => training.Trainer.fromRecipe(x, mlp, { data })),
  "Trainer.fromRecipe: recipe": row(
    (x) => training.Trainer.fromRecipe(runtime, x, { data: Tensor.zeros([8, 3, 8, 8]) }),
    "object",
    "Map",
  ),
  "Trainer.fromRecipe: data section": row(
    (x) => training.Trainer.fromRecipe(runtime, { ...mlp, data: x }, { data }),
    "undefined",
    "object",
    "Map",
  ),
  "Trainer.fromRecipe: options": row((x) => training.Trainer.fromRecipe(runtime, mlp, x)),
  "Trainer.fromRecipe: data": row((x) => training.Trainer.fromRecipe(runtime, mlp, { data: x })),
  "Trainer.fromRecipe: what a function gives": row((x) =>
    training.Trainer.fromRecipe(runtime, mlp, { data: () => x }),
  ),
  "Trainer.evaluate": row((x) => trainer.evaluate(x)),
  "Trainer.reconstruct": row((x) => trainer.reconstruct(x)),
  "Trainer.decode": row((x) => trainer.decode(x)),
  train: row((x) => training.train(x)),
  "train: recipe": row((x) => training.train({ recipe: x, directory })),
  "train: directory": row((x) => training.train({ recipe, directory: x })),
};
describeRows(rows);

test.each(Object.entries({ portable, training }))("every export of %s has its rows", (_, exports) => {
  const needed = Object.entries(exports).flatMap(([name, value]) => rowsNeeded(name, value));
  expect(needed.length).toBeGreaterThan(4);
  expect(needed.filter((name) => !(name in rows))).toEqual([]);
});
