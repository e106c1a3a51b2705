import { describe, expect, it } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { checkFinite, checkFiniteTensors, StepTerms } from "./terms.ts";

const numbers = (terms: Readonly<Record<string, number>>): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(terms).map(([name, value]) => [name, Tensor.from(Float32Array.of(value), [])]),
  );

const messageOf = (work: () => void): string => {
  try {
    work();
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as Error).message}`;
  }
  return "";
};

describe("the terms of a step", () => {
  it("are means over its batches, but for norms, of which there is one in a step", () => {
    const terms = new StepTerms();
    terms.add(numbers({ loss: 1, kl: 4 }));
    terms.add(numbers({ loss: 3, kl: 2, gradient_norm: 8 }));
    terms.add(numbers({ discriminator: 5, "discriminator.gradient_norm": 6 }));
    expect(terms.means(2)).toEqual({
      loss: 2,
      kl: 3,
      gradient_norm: 8,
      discriminator: 2.5,
      "discriminator.gradient_norm": 6,
    });
  });

  it("that are not finite are named, causes before effects, beside those that are", () => {
    expect(
      messageOf(() => {
        checkFinite({ loss: 1, kl: 2 }, 3);
      }),
    ).toBe("");
    const check = (terms: Record<string, number>): string =>
      messageOf(() => {
        checkFinite(terms, 3);
      });
    const advice = "Lower the learning rate, or set optimizer.clip_norm.";
    expect(check({ loss: NaN, gradient_norm: NaN, kl: Infinity, reconstruction: 2 })).toBe(
      `RUNTIME Step 3: kl is Infinity (finite: reconstruction 2.000). ${advice}`,
    );
    expect(check({ gradient_norm: -Infinity, loss: 1.23456, own: 2 })).toBe(
      `RUNTIME Step 3: gradient_norm is -Infinity (finite: loss 1.235, own 2.000). ${advice}`,
    );
    expect(check({ loss: NaN })).toBe(`RUNTIME Step 3: loss is NaN. ${advice}`);
    const order = "reconstruction perceptual latent kl logvar generator adaptive_weight discriminator loss";
    const names = order.split(" ");
    const broken = Object.fromEntries([...names].reverse().map((name) => [name, NaN]));
    for (const name of names) {
      expect(check(broken)).toContain(`Step 3: ${name} is NaN`);
      Reflect.deleteProperty(broken, name);
    }
  });
});

describe("tensors", () => {
  it("that are not finite are named by what they are", () => {
    const tensors = (second: number): [string, Tensor][] => [
      ["ema", Tensor.from(Float32Array.of(1, 2), [2])],
      ["latents", Tensor.from(Float32Array.of(1, second), [2])],
    ];
    expect(
      messageOf(() => {
        checkFiniteTensors(tensors(0), 4);
      }),
    ).toBe("");
    for (const value of [NaN, Infinity, -Infinity]) {
      expect(
        messageOf(() => {
          checkFiniteTensors(tensors(value), 4);
        }),
      ).toBe(
        "NOT_FINITE Step 4: expected finite numbers in the model's latents, found NaN or infinite ones. Lower the learning rate, or set optimizer.clip_norm.",
      );
    }
  });
});
