import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Generator } from "./generator.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("Generator.torch's state", () => {
  it("has the bytes of torch.get_rng_state() after the same draws", () => {
    // torch 2.13: g = torch.Generator().manual_seed(7); sha256 of g.get_state() after each draw
    const generator = Generator.torch(7);
    expect(sha256(generator.state())).toBe(
      "daf9268b18e87b0267a6ad240c6093eb98fe6f03872986bd31a497ba5ea2371a",
    );
    generator.randn([3]); // leaves a cached normal
    expect(sha256(generator.state())).toBe(
      "5dc20bbdc68dede503c2fd3be8c61c03e0ba6fb7884c5665b6b65dea69a927c5",
    );
    generator.randn([40]);
    expect(sha256(generator.state())).toBe(
      "36fa5466ee93b7b36917b0b39004aca867ebdfb7e35aa2e84043ca50e3aa0220",
    );
    generator.rand([700]);
    expect(sha256(generator.state())).toBe(
      "b3a9f68848caac3bfca27758093718eac7fdac8d6b3a45854ef75c987c9eed7b",
    );
  });

  it("has them at the end of a round of 624 words, and after the next one", () => {
    const generator = Generator.torch(-1);
    generator.rand([624]);
    expect(sha256(generator.state())).toBe(
      "1580367be4a3199c767483d7d28c2e0c658dd24c70a058106dabc4a2e4849a67",
    );
    generator.rand([1]);
    expect(sha256(generator.state())).toBe(
      "e6a15b498af11047fc265258f73661c83b27be9ccb94ec162b35f590ba09a908",
    );
  });

  it("goes on in another generator with the same bits, the cached normal included", () => {
    for (const draws of [0, 3, 624, 1000]) {
      const first = Generator.torch(7);
      first.randn([3]);
      first.rand([draws]);
      const second = Generator.torch(1);
      second.setState(first.state());
      expect(second.seed).toBe(7n);
      for (const length of [1, 2, 40]) {
        expect(second.randn([length]).equals(first.randn([length]))).toBe(true);
      }
      expect(second.state()).toEqual(first.state());
    }
  });

  it("takes bytes that lie inside others", () => {
    const generator = Generator.torch(3);
    const outer = new Uint8Array(5056 + 5);
    outer.set(generator.state(), 5);
    const other = Generator.torch(4);
    other.setState(outer.subarray(5));
    expect(other.rand([9]).equals(generator.rand([9]))).toBe(true);
  });

  it("refuses what is no state", () => {
    const generator = Generator.torch(3);
    const before = generator.state();
    expect(() => {
      generator.setState(new Uint8Array(16));
    }).toThrow("expected the 5056 bytes of torch.get_rng_state() on the CPU, found 16");
    expect(() => {
      generator.setState(new Uint8Array(5056));
    }).toThrow("never seeded");
    for (const [next, left] of [
      [9, 1],
      [0, 2],
      [9, 617],
    ] as const) {
      const contradictory = generator.state();
      const view = new DataView(contradictory.buffer, contradictory.byteOffset);
      view.setInt32(8, left, true);
      view.setBigUint64(16, BigInt(next), true);
      expect(() => {
        generator.setState(contradictory);
      }).toThrow(`word ${next} is next, and ${left} are left`);
    }
    expect(generator.state()).toEqual(before);
  });
});

describe("Generator.philox's state", () => {
  it("goes on in another generator with the same bits", () => {
    const first = Generator.philox(2n ** 64n - 1n).stream(12);
    first.randn([10]);
    const second = Generator.philox(0);
    second.setState(first.state());
    expect(second.seed).toBe(2n ** 64n - 1n);
    expect(second.streamId).toBe(12n);
    expect(second.randn([33]).equals(first.randn([33]))).toBe(true);
    expect(second.state()).toEqual(first.state());
  });

  it("keeps this format for ever", () => {
    const generator = Generator.philox(5).stream(6);
    generator.rand([9]);
    expect(Buffer.from(generator.state()).toString("hex")).toBe(
      `${Buffer.from("vkphilox").toString("hex")}050000000000000006000000000000000300000000000000`,
    );
  });

  it("refuses what is no state", () => {
    const generator = Generator.philox(3);
    for (const bytes of [new Uint8Array(31), new Uint8Array(32), Generator.torch(3).state()]) {
      expect(() => {
        generator.setState(bytes);
      }).toThrow('expected 32 bytes that begin with "vkphilox"');
    }
    const tooFar = generator.state().fill(255, 24);
    expect(() => {
      generator.setState(tooFar);
    }).toThrow("expected a block below 2^53");
  });
});
