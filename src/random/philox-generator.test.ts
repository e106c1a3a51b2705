import { describe, expect, it } from "vitest";
import { Generator } from "./generator.ts";
import { philoxBlock } from "./philox.ts";

describe("philoxBlock", () => {
  it("gives the known answers of its authors' library, Random123", () => {
    const out = new Uint32Array(4);
    const hex = (): string[] => Array.from(out, (word) => word.toString(16).padStart(8, "0"));
    philoxBlock(out, 0, 0, 0, 0, 0, 0);
    expect(hex()).toEqual(["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]);
    const ones = 0xffffffff;
    philoxBlock(out, ones, ones, ones, ones, ones, ones);
    expect(hex()).toEqual(["408f276d", "41c83b0e", "a20bc7c6", "6d5451fd"]);
    philoxBlock(out, 0xa4093822, 0x299f31d0, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344);
    expect(hex()).toEqual(["d16cfe09", "94fdcceb", "5001e420", "24126ea1"]);
  });
});

describe("Generator.philox", () => {
  it("gives the same numbers for the same seed, and others for another seed", () => {
    expect(
      Generator.philox(5)
        .randn([33])
        .equals(Generator.philox(5).randn([33])),
    ).toBe(true);
    expect(
      Generator.philox(5)
        .randn([33])
        .equals(Generator.philox(6).randn([33])),
    ).toBe(false);
  });

  it("draws anew at every call", () => {
    const generator = Generator.philox(5);
    expect(generator.randn([8]).equals(generator.randn([8]))).toBe(false);
  });

  it("gives a stream that does not depend on what was drawn before", () => {
    const generator = Generator.philox(5);
    const fresh = generator.stream(7).randn([10]);
    generator.randn([100]);
    expect(generator.stream(7).randn([10]).equals(fresh)).toBe(true);
    expect(generator.stream(8).randn([10]).equals(fresh)).toBe(false);
  });

  it("gives an element that does not depend on how many follow it", () => {
    const long = Generator.philox(9).randn([1001]).data;
    for (const length of [1, 2, 3, 4, 17, 500]) {
      expect(Array.from(Generator.philox(9).randn([length]).data)).toEqual(Array.from(long.slice(0, length)));
    }
  });

  it("is standard normal to four standard errors", () => {
    const count = 200_000;
    const { data } = Generator.philox(1).randn([count]);
    const moment = (power: number): number =>
      data.reduce((sum, value) => sum + Math.pow(value, power), 0) / count;
    expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(count));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / count));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / count));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / count));
  });

  it("fills its ranges evenly", () => {
    const counts = new Float64Array(10);
    for (const value of Generator.philox(2).randint(-3, 7, [100_000]).data) counts[Number(value) + 3]!++;
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquared).toBeLessThan(27.9); // the 99.9 % point with 9 degrees of freedom
    const uniform = Generator.philox(2).uniform([10_000], -2, 3).data;
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...uniform)).toBeLessThan(3);
  });

  it("shuffles every number into the permutation once", () => {
    const order = Array.from(Generator.philox(4).randperm(100).data, Number);
    expect(order).not.toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("keeps these bits for ever", () => {
    expect(Buffer.from(Generator.philox(0).randn([4]).bytes).toString("hex")).toMatchInlineSnapshot(
      `"34bb7d3fadb66cbfa21b1ebfacd1f6be"`,
    );
    expect(Buffer.from(Generator.philox(0).rand([4]).bytes).toString("hex")).toMatchInlineSnapshot(
      `"d04fcc3ec569613fac573c3fdb001b3f"`,
    );
  });

  it("keeps 16-bit uniforms below 1", () => {
    for (const dtype of ["float16", "bfloat16"] as const) {
      const { data } = Generator.philox(1).rand([20_000], dtype).toFloat32();
      expect(data.reduce((most, value) => Math.max(most, value), 0)).toBeLessThan(1);
    }
  });
});
