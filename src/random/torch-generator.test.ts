import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../tensor/tensor.ts";
import { Generator } from "./generator.ts";
import golden from "./torch-golden.json" with { type: "json" };

type Operation = readonly (string | number)[];

function draw(generator: Generator, [name = "", ...args]: Operation): Tensor {
  const numbers = args.map(Number);
  const [first = 0, second = 0, third = 0] = numbers;
  switch (name) {
    case "randn":
      return generator.randn([first], args[1] as "float32");
    case "rand":
      return generator.rand([first], args[1] as "float32");
    case "randint":
      return generator.randint(BigInt(args[0]!), BigInt(args[1]!), [third]);
    case "randperm":
      return generator.randperm(first);
    case "bernoulli":
      return generator.bernoulli(first, [second]);
    case "normal_":
      return generator.normal([first], second, third);
    case "uniform_":
      return generator.uniform([first], second, third);
    case "exponential_":
      return generator.exponential([first], second);
    default:
      throw new Error(`unknown operation ${String(name)}`);
  }
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

function doublesOf(hex: string): Float64Array {
  return new Float64Array(Uint8Array.from(Buffer.from(hex, "hex")).buffer);
}

describe("Generator.torch against PyTorch", () => {
  for (const { kind, seed, steps } of golden.cases) {
    it(`draws the same ${kind} from seed ${seed}`, () => {
      const generator = Generator.torch(BigInt(seed));
      for (const { op, sha256: expected, head } of steps) {
        const tensor = draw(generator, op);
        if (tensor.dtype === "float64" && op[0] === "randn") {
          // The engine's Math.log and Math.cos may differ from libm's in the last bit.
          expect((tensor.data as Float64Array).slice(0, head.length / 16)).toBeAllclose(doublesOf(head), {
            absolute: 1e-15,
          });
          continue;
        }
        expect(Buffer.from(tensor.bytes.slice(0, 32)).toString("hex"), op.join(" ")).toBe(head.slice(0, 64));
        expect(sha256(tensor.bytes), op.join(" ")).toBe(expected);
      }
    });
  }
});

describe("Generator.torch", () => {
  it("reads a negative seed as PyTorch does", () => {
    const signed = Generator.torch(-1);
    expect(signed.seed).toBe(2n ** 64n - 1n);
    expect(signed.randn([20]).equals(Generator.torch(2n ** 64n - 1n).randn([20]))).toBe(true);
  });

  it("refuses seeds and ranges that are not 64-bit integers", () => {
    expect(() => Generator.torch(0.5)).toThrow("seed: expected a whole number");
    expect(() => Generator.torch(2n ** 64n)).toThrow("seed: expected an integer of 64 bits");
    expect(() => Generator.torch(0).randint(3, 3, [1])).toThrow("expected low < high");
    expect(() => Generator.torch(0).randn([-1])).toThrow("non-negative");
    expect(() => Generator.torch(0).bernoulli(1.5, [1])).toThrow("[0, 1]");
  });

  it("takes one probability per element", () => {
    const generator = Generator.torch(0);
    const p = generator.rand([4, 5]);
    const uniforms = Generator.torch(1).rand([4, 5]).data;
    const drawn = Generator.torch(1).bernoulli(p);
    expect(drawn.shape).toEqual([4, 5]);
    expect(Array.from(drawn.data)).toEqual(Array.from(p.data, (each, i) => (uniforms[i]! < each ? 1 : 0)));
  });
});
