/**
 * recipes/mnist.yaml against PyTorch, step by step: weights, order, noise, losses, gradients, Adam, validation. In
 * place of MNIST, which is not in the repository, it has 300 made-up digits. docs/mnist.md has the run on all of MNIST.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readRecipe, train } from "../../src/training/index.ts";
import { idxFile, madeUpDigits } from "./made-up-digits.ts";

interface Golden {
  readonly counts: readonly [number, number];
  readonly sha256: readonly [string, string];
  /** Loss, cross-entropy, KL, norm of the gradient. */
  readonly steps: readonly (readonly [number, number, number, number])[];
  /** Loss, cross-entropy, KL. */
  readonly validations: readonly (readonly [number, number, number])[];
  /** -log p(x) from 100 samples. */
  readonly likelihood: number;
}

interface Terms {
  readonly loss: number;
  readonly reconstruction: number;
  readonly kl: number;
}

interface LogLine extends Terms {
  readonly gradient_norm: number;
  readonly validation?: Terms & { readonly nll?: number; readonly active_units?: number };
}

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const golden = JSON.parse(
  readFileSync(pathOf("../fixtures/training/mnist-trajectory.json"), "utf8"),
) as Golden;
const digits = golden.counts.map((count, i) => madeUpDigits(count, i + 1));

let folder = "";
let log: LogLine[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-trajectory-"));
  await writeFile(join(folder, "train-images-idx3-ubyte"), idxFile(digits[0]!));
  await writeFile(join(folder, "t10k-images-idx3-ubyte"), idxFile(digits[1]!));
  const batchesPerEpoch = Math.ceil(golden.counts[0] / 128);
  const recipe = await readRecipe(pathOf("../../recipes/mnist.yaml"), {
    overrides: [
      `data.path=${folder}`,
      `epochs=${golden.validations.length}`,
      "log.every=1",
      `validation.every=${batchesPerEpoch}`,
      "checkpoints.every=null",
      "samples.every=null",
      "validation.likelihood_samples=100",
    ],
  });
  const directory = join(folder, "run");
  await train({ recipe, directory, threadCount: 1 });
  const lines = await readFile(join(directory, "log.jsonl"), "utf8");
  log = lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as LogLine);
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

describe("recipes/mnist.yaml", () => {
  test("is run on the pictures that PyTorch was run on", () => {
    const digests = digits.map((pixels) => createHash("sha256").update(pixels).digest("hex"));
    expect(digests).toEqual(golden.sha256);
  });

  test("has PyTorch's losses and gradients in every step", () => {
    const steps = log.filter(({ validation }) => validation === undefined);
    const found = steps.map((line) => [line.loss, line.reconstruction, line.kl, line.gradient_norm]);
    expect(found).toHaveLength(24);
    expect(found.flat()).toBeAllclose(golden.steps.flat(), { relative: 1e-4 });
    // The first step has only rounding errors of its own.
    expect(found[0]!).toBeAllclose(golden.steps[0]!, { relative: 2e-6 });
  });

  test("has PyTorch's losses on the test pictures after every epoch", () => {
    const validations = log.flatMap(({ validation }) => (validation === undefined ? [] : [validation]));
    const found = validations.map(({ loss, reconstruction, kl }) => [loss, reconstruction, kl]);
    expect(found.flat()).toBeAllclose(golden.validations.flat(), { relative: 1e-4 });
  });

  test("ends with a likelihood, which 100 samples bound more tightly than one", () => {
    const judged = log.map(({ validation }) => validation).filter((each) => each?.nll !== undefined);
    expect(judged).toEqual([log.at(-1)!.validation]);
    const { loss, nll, active_units: active } = judged[0]!;
    expect(nll).toBeLessThan(loss);
    // The noise is not PyTorch's. The tolerance is a fifth of ln 100, the smallest thing that could be forgotten.
    expect([nll!]).toBeAllclose([golden.likelihood], { relative: 0.005 });
    expect(active).toBe(12);
  });
});
