import { describe, expect, it } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { DiagonalGaussianDistribution } from "./diagonal-gaussian-distribution.ts";
import { AutoencoderKLForwardOutput, AutoencoderKLOutput, DecoderOutput } from "./outputs.ts";
import { ValueObject } from "./value-object.ts";

class Bag extends ValueObject {
  constructor(fields: Record<string, unknown>) {
    super({ ...fields });
  }
}

const tensor = (value: number): Tensor => Tensor.from(Float32Array.of(value), [1]);

describe("equality of value objects", () => {
  const of = (a: unknown, b: unknown): boolean => new Bag({ a }).equals(new Bag({ a: b }));

  it("compares numbers, texts and lists by value", () => {
    expect(of(1, 1)).toBe(true);
    expect(of(NaN, NaN)).toBe(true);
    expect(of(0, -0)).toBe(false);
    expect(of("a", "b")).toBe(false);
    expect(of([1, [2, tensor(3)]], [1, [2, tensor(3)]])).toBe(true);
    expect(of([1, 2], [1, 2, 3])).toBe(false);
    expect(of([1, 2, 3], [1, 2])).toBe(false);
    expect(of([1, 2], [1, 3])).toBe(false);
    expect(of([], {})).toBe(false);
    expect(of({}, {})).toBe(false);
  });

  it("compares what can be compared only with its own class", () => {
    expect(of(tensor(1), tensor(1))).toBe(true);
    expect(of(tensor(1), tensor(2))).toBe(false);
    const posterior = new DiagonalGaussianDistribution(Tensor.zeros([1, 2]));
    expect(of(posterior, tensor(1))).toBe(false);
    expect(of(tensor(1), posterior)).toBe(false);
    expect(of(tensor(1), null)).toBe(false);
    expect(of(null, tensor(1))).toBe(false);
  });

  it("asks for the same fields", () => {
    expect(new Bag({ a: 1 }).equals(new Bag({ a: 1, b: undefined }))).toBe(false);
    expect(new Bag({ a: 1, b: undefined }).equals(new Bag({ a: 1 }))).toBe(false);
    expect(new Bag({ a: undefined }).equals(new Bag({ b: undefined }))).toBe(false);
    const a = {};
    const bag = new Bag({ a });
    expect(bag.equals(bag)).toBe(true);
    expect(bag.equals({ a })).toBe(false);
    expect(bag.equals(null)).toBe(false);
  });
});

describe("a value object", () => {
  it("is frozen, keeps the fields of a copy that are not replaced, and takes undefined ones as given", () => {
    const bag = new Bag({ a: 1, b: 2 });
    expect(Object.isFrozen(bag)).toBe(true);
    const changed = bag.with({ b: 3 });
    expect(Object.fromEntries(Object.entries(changed))).toEqual({ a: 1, b: 3 });
    expect(Object.fromEntries(Object.entries(bag))).toEqual({ a: 1, b: 2 });
    expect(() => bag.with(3 as never)).toThrow("Bag.with: expected an object, found 3.");
  });

  it("prints what is there, and describes objects in JSON by a line", () => {
    const bag = new Bag({ a: null, b: undefined, c: 0, d: tensor(1), e: [1, 2], f: "x" });
    const line = "Tensor float32 [1], 1 … 1, mean 1";
    expect(String(bag)).toBe(`Bag { c: 0, d: ${line}, e: 1,2, f: x }`);
    expect(bag.toJSON()).toEqual({ a: null, b: undefined, c: 0, d: line, e: [1, 2], f: "x" });
  });
});

describe("outputs", () => {
  const latentDist = new DiagonalGaussianDistribution(Tensor.zeros([1, 2]));

  it.each<[() => unknown, string]>([
    [() => new AutoencoderKLOutput(null as never), "AutoencoderKLOutput: expected an object, found null."],
    [
      () => new AutoencoderKLOutput({ latentDist: tensor(1) as never }),
      "AutoencoderKLOutput: latentDist: expected a DiagonalGaussianDistribution, found a Tensor",
    ],
    [() => new DecoderOutput(3 as never), "DecoderOutput: expected an object, found 3."],
    [() => new DecoderOutput({ sample: 3 as never }), "DecoderOutput: sample: expected a vaekit Tensor"],
    [
      () => new DecoderOutput({ sample: tensor(1), commitLoss: 3 as never }),
      "DecoderOutput: commitLoss: expected a vaekit Tensor",
    ],
    [
      () => new AutoencoderKLForwardOutput({ sample: 3 as never, latentDist }),
      "AutoencoderKLForwardOutput: sample: expected a vaekit Tensor",
    ],
    [
      () => new AutoencoderKLForwardOutput({ sample: tensor(1), latentDist: null as never }),
      "AutoencoderKLForwardOutput: latentDist: expected a DiagonalGaussianDistribution, found null.",
    ],
    [
      () => new AutoencoderKLForwardOutput(undefined as never),
      "AutoencoderKLForwardOutput: expected an object, found undefined.",
    ],
  ])("check what they are made of: %#", (make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(make).toThrow(message);
  });

  it("take null for no commitment loss, and change back to it", () => {
    const output = new DecoderOutput({ sample: tensor(1), commitLoss: null });
    expect(output.commitLoss).toBeNull();
    expect(
      output
        .with({ commitLoss: tensor(2) })
        .with({ commitLoss: null })
        .equals(output),
    ).toBe(true);
    expect(String(output.with({ commitLoss: tensor(2) }))).toContain("commitLoss: Tensor float32 [1], 2 … 2");
  });
});
