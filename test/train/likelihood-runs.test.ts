/** 50 steps of recipes with a likelihood against PyTorch's in double precision, on made-up digits: tools/reference/likelihoods.py. */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import type { ScaledPixels } from "../../src/models/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { madeUpDigits } from "./made-up-digits.ts";

type Step = readonly [loss: number, nll: number, kl: number, scale: number, gradientNorm: number];

const golden = JSON.parse(
  readFileSync(new URL("../fixtures/training/likelihood-runs.json", import.meta.url), "utf8"),
) as Record<string, readonly Step[]>;

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const digits = Tensor.from(
  Float32Array.from(madeUpDigits(300, 1), (byte) => byte / 255),
  [300, 784],
);

describe.each(Object.entries(golden))("a recipe of %s", (kind, steps) => {
  test("has PyTorch's losses, scales and gradients for 50 steps", async () => {
    const [distribution, scale] = kind.split("/") as [ScaledPixels["distribution"], ScaledPixels["scale"]];
    const likelihood =
      kind === "categorical/5"
        ? ({ distribution: "categorical", levels: 5 } as const)
        : { distribution, scale, levels: 256 };
    await using trainer = await Trainer.fromRecipe(
      runtime,
      {
        model: { type: "mlp", hidden_sizes: [48], latent_size: 6 },
        data: { range: "unit", keep_last: true },
        loss: { likelihood },
        optimizer: { type: "adam", learning_rate: 1e-3 },
        batch_size: 128,
        steps: steps.length,
        seed: 1,
        randomness: "torch",
      },
      { data: digits },
    );
    const found: number[][] = [];
    for (let step = 0; step < steps.length; step++) {
      const { terms } = await trainer.advance();
      // A categorical distribution has no scale, for which the golden says 0.
      found.push(["loss", "reconstruction", "kl", "scale", "gradient_norm"].map((name) => terms[name] ?? 0));
    }
    expect(found).toHaveLength(50);
    for (const [i, relative] of [1e-4, 1e-4, 1e-4, 1e-4, 1e-3].entries()) {
      const column = (rows: readonly (readonly number[])[]): number[] => rows.map((row) => row[i]!);
      // A density's nats pass through 0 where a sum of 784 values of about 1 does; 0.01 is 1e-5 of it.
      expect(column(found)).toBeAllclose(column(steps), { relative, absolute: i < 2 ? 0.01 : 1e-6 });
    }
  });
});
