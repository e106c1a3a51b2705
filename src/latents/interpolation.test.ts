import { describe, expect, test } from "vitest";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { combineLatents, interpolateLatents, interpolationPath } from "./interpolation.ts";

const row = (...values: number[]): Tensor<"float32"> =>
  Tensor.from(Float32Array.from(values), [1, values.length]);
const length = (tensor: Tensor<"float32">): number => Math.hypot(...tensor.data);

describe("interpolateLatents", () => {
  test("goes along the line or along the arc", () => {
    const [a, b] = [row(2, 0), row(0, 2)];
    expect(interpolateLatents(a, b, 0.25, "lerp")).toBeAllclose(row(1.5, 0.5), { absolute: 1e-6 });
    const thirty = Math.PI / 6;
    expect(interpolateLatents(a, b, 1 / 3, "slerp")).toBeAllclose(
      row(2 * Math.cos(thirty), 2 * Math.sin(thirty)),
      { absolute: 1e-6 },
    );
  });

  test("keeps the length of random latents only on the arc", () => {
    const [a, b] = [Generator.philox(1).randn([1, 4096]), Generator.philox(2).randn([1, 4096])];
    expect(length(interpolateLatents(a, b, 0.5, "slerp"))).toBeCloseTo((length(a) + length(b)) / 2, 0);
    expect(length(interpolateLatents(a, b, 0.5, "lerp"))).toBeLessThan(0.75 * length(a));
  });

  test("takes the line where there is no arc: parallel, opposite and zero vectors", () => {
    expect(interpolateLatents(row(1, 1), row(3, 3), 0.5)).toBeAllclose(row(2, 2), { absolute: 1e-6 });
    expect(interpolateLatents(row(1, 0), row(-1, 0), 0.5)).toBeAllclose(row(0, 0), { absolute: 1e-6 });
    expect(interpolateLatents(row(0, 0), row(2, 4), 0.5)).toBeAllclose(row(1, 2), { absolute: 1e-6 });
  });

  test("lets every sample of a batch go its own way", () => {
    const a = Tensor.from(Float32Array.of(1, 0, 5, 5), [2, 2]);
    const b = Tensor.from(Float32Array.of(0, 1, 7, 7), [2, 2]);
    const half = Math.SQRT1_2;
    expect(interpolateLatents(a, b, 0.5)).toBeAllclose(
      Tensor.from(Float32Array.of(half, half, 6, 6), [2, 2]),
      {
        absolute: 1e-6,
      },
    );
  });

  test("refuses latents of two shapes", () => {
    expect(() => interpolateLatents(row(1), row(1, 2), 0.5)).toThrow(
      "expected latents of one shape, found [1, 1] and [1, 2]",
    );
  });
});

describe("interpolationPath", () => {
  test("begins and ends where it should", () => {
    const path = interpolationPath(row(1, 0), row(0, 1), 5);
    expect(path.shape).toEqual([5, 2]);
    expect([...path.data.subarray(0, 2)]).toBeAllclose([1, 0], { absolute: 1e-7 });
    expect([...path.data.subarray(8)]).toBeAllclose([0, 1], { absolute: 1e-7 });
  });

  test("refuses one step, and batches", () => {
    expect(() => interpolationPath(row(1), row(2), 1)).toThrow("at least 2 steps");
    const two = Tensor.zeros([2, 3]);
    expect(() => interpolationPath(two, two, 3)).toThrow("latents of one sample, [1, …], found [2, 3]");
  });
});

test("combineLatents adds by weight", () => {
  const terms = [row(1, 2), row(10, 20), row(3, 4)].map((latents, i) => ({
    latents,
    weight: [1, -0.5, 1][i]!,
  }));
  expect(combineLatents(terms)).toBeAllclose(row(-1, -4), { absolute: 1e-6 });
  expect(() => combineLatents([])).toThrow("at least one term");
});

describe("the ways between latents", () => {
  const [a, b] = [row(2, 0), row(0, 2)];

  test("are arcs unless a line is asked for", () => {
    const arc = interpolateLatents(a, b, 0.5, "slerp");
    expect(interpolateLatents(a, b, 0.5).equals(arc)).toBe(true);
    expect(arc).toBeAllclose(row(Math.SQRT2, Math.SQRT2));
    expect(interpolationPath(a, b, 3).equals(interpolationPath(a, b, 3, "slerp"))).toBe(true);
    expect([...interpolationPath(a, b, 3, "lerp").data]).toEqual([2, 0, 1, 1, 0, 2]);
    expect([...interpolationPath(a, b, 2).data].map((x) => Math.round(1e6 * x) / 1e6)).toEqual([2, 0, 0, 2]);
  });

  test("go on beyond both ends", () => {
    expect(interpolateLatents(a, b, 2, "lerp")).toBeAllclose(row(-2, 4));
    expect(interpolateLatents(a, b, -1, "lerp")).toBeAllclose(row(4, -2));
    expect(interpolateLatents(a, b, 2, "slerp")).toBeAllclose(row(-2, 0));
  });

  test("of vectors of different lengths change the length evenly", () => {
    const half = interpolateLatents(row(1, 0), row(0, 3), 0.5);
    expect(half).toBeAllclose(row(Math.SQRT1_2, 3 * Math.SQRT1_2));
  });

  test("are arcs down to a millionth of an angle, and lines below", () => {
    // Of two unit vectors 1e-3 apart the arc's middle is longer than the line's by an eighth of a millionth.
    const angle = 1e-3;
    const near = row(Math.cos(angle), Math.sin(angle));
    const line = interpolateLatents(row(1, 0), near, 8, "lerp").data[1]!;
    const arc = interpolateLatents(row(1, 0), near, 8).data[1]!;
    expect(arc).toBeCloseTo(Math.sin(8 * angle), 7);
    expect(line - arc).toBeGreaterThan(5e-8);
  });

  test("take 16-bit latents, and give float32 of the same shape", () => {
    const half = interpolateLatents(
      a.toFloat("float16"),
      Tensor.from(Float64Array.of(0, 2), [1, 2]),
      0.5,
      "lerp",
    );
    expect(half).toMatchObject({ dtype: "float32", shape: [1, 2] });
    expect([...half.data]).toEqual([1, 1]);
    expect(interpolateLatents(Tensor.zeros([0, 2]), Tensor.zeros([0, 2]), 0.5).shape).toEqual([0, 2]);
  });

  test.each<[() => unknown, string]>([
    [
      () => interpolateLatents(a, b, NaN),
      "interpolateLatents: fraction: expected a finite number, found NaN.",
    ],
    [
      () => interpolateLatents(a, b, 0.5, "arc" as never),
      'interpolateLatents: kind: expected one of "slerp" or "lerp"',
    ],
    [() => interpolateLatents(a, row(1), 0.5), "Encode pictures of one size."],
    [() => interpolationPath(a, row(1), 2), "interpolationPath: expected latents of one shape"],
    [
      () => interpolationPath(a, b, 2.5),
      "interpolationPath: expected at least 2 steps, both ends included, found 2.5.",
    ],
    [() => interpolationPath(a, b, 2, "arc" as never), "interpolationPath: kind: expected one of"],
    [() => combineLatents([]), "combineLatents: expected at least one term, found none."],
    [() => combineLatents(3 as never), "combineLatents: expected a list of { latents, weight }, found 3."],
    [() => combineLatents([null] as never), "combineLatents: expected a list of { latents, weight }"],
    [
      () => combineLatents([{ latents: a, weight: Infinity }]),
      "combineLatents: weight: expected a finite number, found Infinity.",
    ],
    [
      () =>
        combineLatents([
          { latents: a, weight: 1 },
          { latents: row(1), weight: 1 },
        ]),
      "combineLatents: expected latents of one shape, found [1, 2] and [1, 1].",
    ],
    [() => combineLatents([{ latents: 3 as never, weight: 1 }]), "combineLatents: expected a vaekit Tensor"],
  ])("refuse what makes none: %#", (call, message) => {
    expect(call).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(call).toThrow(message);
  });
});

test("combineLatents adds in double, and takes any float dtype", () => {
  const term = (value: number, weight: number) => ({ latents: row(value), weight });
  // In float32 the 1 would be lost beside 2^24.
  expect([...combineLatents([term(2 ** 24, 1), term(1, 1), term(2 ** 24, -1)]).data]).toEqual([1]);
  const half = { latents: row(1.5).toFloat("bfloat16"), weight: 2 };
  expect(combineLatents([half])).toMatchObject({ dtype: "float32", shape: [1, 1] });
  expect([...combineLatents([half]).data]).toEqual([3]);
});
