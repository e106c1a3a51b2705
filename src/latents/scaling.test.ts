import { describe, expect, it } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { denormalizeLatents, normalizeLatents } from "./normalize.ts";
import { packLatents } from "./pack.ts";
import { describeScaling, latentScaling, sameScaling } from "./scaling.ts";

const z = Tensor.from(Float32Array.of(1.5, -2, 0.25, 3), [1, 4, 1, 1]);
const flux = { latentChannels: 4, scalingFactor: 0.3611, shiftFactor: 0.1159 };
const playground = {
  latentChannels: 4,
  scalingFactor: 0.5,
  latentsMean: [-1.6574, 1.886, -1.383, 2.5155],
  latentsStd: [8.4927, 5.9022, 6.5498, 5.2299],
};

describe("normalizeLatents and denormalizeLatents", () => {
  it("multiply and divide by the scaling factor alone", () => {
    const config = { latentChannels: 4, scalingFactor: 0.5 };
    expect(Array.from(normalizeLatents(z, config).data)).toEqual([0.75, -1, 0.125, 1.5]);
    expect(Array.from(denormalizeLatents(z, config).data)).toEqual([3, -4, 0.5, 6]);
  });

  it("give PyTorch's numbers with a shift", () => {
    expect(normalizeLatents(z, flux).data).toBeAllclose([
      0.499798477, -0.764051497, 0.0484235063, 1.04144847,
    ]);
    expect(denormalizeLatents(z, flux).data).toBeAllclose([4.2698741, -5.42273188, 0.80822897, 8.42384815]);
  });

  it("give PyTorch's numbers with statistics per channel", () => {
    const normalized = [0.18588908, -0.329199284, 0.124660298, 0.0463201925];
    expect(normalizeLatents(z, playground).data).toBeAllclose(normalized, { absolute: 1e-8 });
    const restored = [23.8206997, -21.7228012, 1.89189994, 33.8948975];
    expect(denormalizeLatents(z, playground).data).toBeAllclose(restored, { absolute: 2e-6 });
  });

  it("use the statistics of the right channel in every sample of the batch", () => {
    const both = Tensor.from(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 2, 1, 2]);
    const config = { latentChannels: 2, scalingFactor: 1, latentsMean: [0, 10], latentsStd: [1, 2] };
    expect(Array.from(normalizeLatents(both, config).data)).toEqual([1, 2, -3.5, -3, 5, 6, -1.5, -1]);
  });

  it("divide by the deviations alone where there is no factor, as GLM-Image's pipeline", () => {
    // torch: (z - mean) / std and z * std + mean, in float32.
    const glm = { latentChannels: 4, latentsMean: playground.latentsMean, latentsStd: playground.latentsStd };
    const normalized = [0.37177816, -0.658398569, 0.249320596, 0.092640385];
    expect(normalizeLatents(z, glm).data).toBeAllclose(normalized, { absolute: 1e-7 });
    const restored = [11.0816498, -9.91839981, 0.254449964, 18.2052002];
    expect(denormalizeLatents(z, glm).data).toBeAllclose(restored, { absolute: 2e-6 });
  });

  it("take a scaling that a caller wrote", () => {
    const scaling = { kind: "meanStd", latentChannels: 4, mean: [1, 1, 1, 1], std: [2, 2, 2, 2] } as const;
    expect(Array.from(normalizeLatents(z, scaling).data)).toEqual([0.25, -1.5, -0.375, 1]);
    expect(() => normalizeLatents(z, { ...scaling, std: [1, 1, 1, 0] })).toThrow("deviations above 0");
    expect(() => normalizeLatents(z, { ...scaling, mean: [1] })).toThrow("4 values in latents_mean");
    expect(() => denormalizeLatents(z, { latentChannels: 4 })).toThrow("scaling_factor above 0, found NaN");
  });

  it("of patches take the statistics of each channel, row and column", () => {
    const patches = {
      kind: "patchMeanStd",
      latentChannels: 2,
      mean: [0, 1, 2, 3, 10, 20, 30, 40],
      std: [1, 2, 4, 8, 1, 1, 1, 1],
    } as const;
    // Two patches in a row of each of two channels.
    const latents = Tensor.from(
      Float32Array.from({ length: 16 }, (_, i) => i),
      [1, 2, 2, 4],
    );
    const normalized = [0, 0, 2, 1, 0.5, 0.25, 1, 0.5, -2, -11, 0, -9, -18, -27, -16, -25];
    expect([...normalizeLatents(latents, patches).data]).toEqual(normalized);
    expect([
      ...denormalizeLatents(Tensor.from(Float32Array.from(normalized), [1, 2, 2, 4]), patches).data,
    ]).toEqual([...latents.data]);
    expect([...packLatents(normalizeLatents(latents, patches)).data.subarray(0, 8)]).toEqual(
      // The first patch: (z - mean) / std of 0, 1, 4, 5 and of 8, 9, 12, 13.
      [0, 0, 0.5, 0.25, -2, -11, -18, -27],
    );
  });

  it("of patches refuse odd sides, and statistics of another number of features", () => {
    const patches = {
      kind: "patchMeanStd",
      latentChannels: 1,
      mean: [0, 0, 0, 0],
      std: [1, 1, 1, 1],
    } as const;
    for (const scale of [normalizeLatents, denormalizeLatents]) {
      expect(() => scale(Tensor.zeros([1, 1, 4, 3]), patches)).toThrow(
        expect.objectContaining({
          code: "INVALID_ARGUMENT",
          message: expect.stringContaining(
            "an even height and width, which are normalised in patches of 2x2, found 4x3",
          ) as string,
        }) as Error,
      );
      expect(() => scale(Tensor.zeros([1, 2, 4, 4]), patches)).toThrow(
        "expected latents [N, 1, h, w], found [1, 2, 4, 4]",
      );
    }
    expect(() => normalizeLatents(Tensor.zeros([1, 1, 2, 2]), { ...patches, mean: [0] })).toThrow(
      "expected 4 values in mean, one per channel and place in a patch of 2x2, found 1",
    );
    expect(() => normalizeLatents(Tensor.zeros([1, 1, 2, 2]), { ...patches, std: [1, 1, 0, 1] })).toThrow(
      "finite values in std, deviations above 0, found 0",
    );
  });

  it("undo each other", () => {
    for (const config of [flux, playground]) {
      expect(denormalizeLatents(normalizeLatents(z, config), config)).toBeAllclose(z, { absolute: 2e-6 });
    }
  });

  it("say what latents look like when they are not [N, C, h, w]", () => {
    expect(() => denormalizeLatents(Tensor.zeros([1, 16, 16]), flux)).toThrow("call unpackLatents first");
    expect(() => normalizeLatents(Tensor.zeros([4, 8, 8]), flux)).toThrow("batch dimension");
    expect(() => normalizeLatents(Tensor.zeros([1, 8, 4, 4]), flux)).toThrow("look like moments");
    expect(() => normalizeLatents(Tensor.zeros([1, 3, 4, 4]), flux)).toThrow(
      "[N, 4, h, w], found [1, 3, 4, 4]",
    );
  });

  it("refuse factors that contradict each other", () => {
    expect(() => normalizeLatents(z, { ...playground, shiftFactor: 0.1 })).toThrow("found both");
    expect(() => normalizeLatents(z, { ...flux, scalingFactor: 0 })).toThrow("scaling_factor above 0");
    expect(() => normalizeLatents(z, { ...playground, latentsStd: [1] })).toThrow("4 values in latents_std");
  });
});

describe("no scaling", () => {
  const none = { kind: "none", latentChannels: 2 } as const;

  it("leaves latents as they are, in memory of their own", () => {
    const latents = Tensor.from(Float32Array.of(1, -2, 3, 0.5), [1, 2, 1, 2]);
    for (const scale of [normalizeLatents, denormalizeLatents]) {
      const scaled = scale(latents, none);
      expect(scaled).toEqual(latents);
      expect(scaled.data).not.toBe(latents.data);
    }
  });

  it("refuses the latents of another model all the same", () => {
    expect(() => normalizeLatents(Tensor.zeros([1, 4, 1, 1]), none)).toThrow("expected latents [N, 2, h, w]");
  });

  it("is said in words", () => {
    expect(describeScaling(none)).toBe("no factor");
  });
});

describe("describeScaling", () => {
  it.each([
    [{ latentChannels: 4, scalingFactor: 0.18215 }, "scaling_factor 0.18215"],
    [flux, "scaling_factor 0.3611, shift_factor 0.1159"],
    [playground, "scaling_factor 0.5 with latents_mean and latents_std"],
    [{ ...playground, scalingFactor: null }, "latents_mean and latents_std alone"],
  ])("names what counts: %j", (config, text) => {
    expect(describeScaling(latentScaling(config))).toBe(text);
  });
});

describe("each step", () => {
  const at = (value: number): Tensor => Tensor.from(Float32Array.of(value), [1, 1, 1, 1]);
  const factor = { latentChannels: 1, scalingFactor: 0.3611, shiftFactor: 0.1159 };
  const statistics = {
    latentChannels: 1,
    scalingFactor: 0.5001,
    latentsMean: [-1.6574],
    latentsStd: [8.4927],
  };

  // numpy, float32, for values at which one rounding fewer gives another number.
  it.each([
    [factor, normalizeLatents, -1.7033088207244873, -0.65691632],
    [factor, normalizeLatents, -0.8438622951507568, -0.34657013416290283],
    [factor, normalizeLatents, 0.07277869433164597, -0.0155711034],
    [factor, denormalizeLatents, -0.6467915177345276, -1.67527008],
    [factor, denormalizeLatents, 0.27455011010169983, 0.8762159943580627],
    [statistics, normalizeLatents, -1.7033088207244873, -0.00270338007],
    [statistics, normalizeLatents, 2.8732762336730957, 0.26679283380508423],
    [statistics, denormalizeLatents, 6.1227569580078125, 102.31927490234375],
    [statistics, denormalizeLatents, -7.666995048522949, -131.8583221435547],
  ])("rounds to float32 (%#)", (config, scale, value, expected) => {
    expect(scale(at(value), config).data[0]).toBe(Math.fround(expected));
  });
});

describe("latentScaling", () => {
  const lists = { latentsMean: [1, 2], latentsStd: [3, 4] };

  it("reads a factor and a shift, which is 0 unless it is given", () => {
    expect(latentScaling({ latentChannels: 2, scalingFactor: 0.5 })).toEqual({
      kind: "factor",
      latentChannels: 2,
      scalingFactor: 0.5,
      shiftFactor: 0,
    });
    const shifted = latentScaling({ latentChannels: 2, scalingFactor: 0.5, shiftFactor: -0.25 });
    expect(shifted).toMatchObject({ kind: "factor", shiftFactor: -0.25 });
  });

  it("counts lists only where both are there", () => {
    for (const one of [
      { latentsMean: [1, 2], latentsStd: null },
      { latentsMean: null, latentsStd: [3, 4] },
    ]) {
      expect(latentScaling({ latentChannels: 2, scalingFactor: 0.5, ...one }).kind).toBe("factor");
    }
    expect(latentScaling({ latentChannels: 2, scalingFactor: 0.5, ...lists })).toEqual({
      kind: "meanStd",
      latentChannels: 2,
      mean: [1, 2],
      std: [3, 4],
      scalingFactor: 0.5,
    });
  });

  it("leaves diffusers' default factor out beside lists, except where 4 channels use it", () => {
    const of = (latentChannels: number, scalingFactor: number | null) => {
      const list = Array.from({ length: latentChannels }, () => 1);
      return latentScaling({ latentChannels, scalingFactor, latentsMean: list, latentsStd: list });
    };
    expect(of(16, 0.18215)).not.toHaveProperty("scalingFactor");
    expect(of(16, null)).not.toHaveProperty("scalingFactor");
    expect(of(4, null)).not.toHaveProperty("scalingFactor");
    expect(of(16, 0.5)).toMatchObject({ scalingFactor: 0.5 });
    expect(of(4, 0.18215)).toMatchObject({ scalingFactor: 0.18215 });
    // Without lists the default is the factor.
    expect(latentScaling({ latentChannels: 16, scalingFactor: 0.18215 })).toMatchObject({
      kind: "factor",
      scalingFactor: 0.18215,
    });
  });

  it("takes a shift of 0 beside lists, and no other", () => {
    const config = { latentChannels: 2, scalingFactor: 1, ...lists };
    expect(latentScaling({ ...config, shiftFactor: 0 }).kind).toBe("meanStd");
    expect(latentScaling({ ...config, shiftFactor: null }).kind).toBe("meanStd");
    expect(() => latentScaling({ ...config, shiftFactor: 0.1 })).toThrow(
      "latents' scaling: expected a shift_factor or latents_mean and latents_std, found both. Remove one of the two.",
    );
  });

  it.each<[object, string]>([
    [{ scalingFactor: 0 }, "expected a finite scaling_factor above 0, found 0."],
    [{ scalingFactor: -1 }, "found -1."],
    [{ scalingFactor: Infinity }, "found Infinity."],
    [{ scalingFactor: NaN }, "found NaN."],
    [{ scalingFactor: 1, shiftFactor: Infinity }, "expected a finite shift_factor, found Infinity."],
    [{ scalingFactor: 1, shiftFactor: NaN }, "expected a finite shift_factor, found NaN."],
    [
      { scalingFactor: 1, ...lists, latentsMean: [1] },
      "expected 2 values in latents_mean, one per channel, found 1.",
    ],
    [
      { scalingFactor: 1, ...lists, latentsStd: [1, 2, 3] },
      "2 values in latents_std, one per channel, found 3.",
    ],
    [{ scalingFactor: 1, ...lists, latentsStd: "12" }, 'one per channel, found "12".'],
    [
      { scalingFactor: 1, ...lists, latentsMean: [0, NaN] },
      "expected finite values in latents_mean, deviations above 0, found NaN.",
    ],
    [{ scalingFactor: 1, ...lists, latentsStd: [0, 1] }, "found 0."],
    [{ scalingFactor: 1, ...lists, latentsStd: [1, -1] }, "found -1."],
    [{ scalingFactor: -2, ...lists }, "expected a finite scaling_factor above 0, found -2."],
  ])("refuses %j", (config, message) => {
    const read = (): unknown => latentScaling({ latentChannels: 2, ...config });
    expect(read).toThrow(expect.objectContaining({ code: "INVALID_CONFIG" }));
    expect(read).toThrow(message);
  });

  it("takes a mean of 0 and a mean below it", () => {
    const config = { latentChannels: 2, scalingFactor: 1, latentsMean: [0, -1], latentsStd: [1, 1] };
    expect(latentScaling(config)).toMatchObject({ mean: [0, -1] });
  });
});

describe("what is scaled", () => {
  const config = { latentChannels: 2, scalingFactor: 2 };

  it("may be of any dtype, comes back in float32, and is left as it was", () => {
    const half = Tensor.from(Float32Array.of(1, -2), [1, 2, 1, 1]).toFloat("float16");
    expect(normalizeLatents(half, config)).toMatchObject({ dtype: "float32", shape: [1, 2, 1, 1] });
    expect([...normalizeLatents(half, config).data]).toEqual([2, -4]);
    const given = Tensor.from(Float32Array.of(1, -2), [1, 2, 1, 1]);
    denormalizeLatents(given, config);
    expect([...given.data]).toEqual([1, -2]);
  });

  it("keeps a batch of none", () => {
    expect(normalizeLatents(Tensor.zeros([0, 2, 3, 3]), config).shape).toEqual([0, 2, 3, 3]);
  });

  it.each([
    [[2], ""],
    [[1, 2, 1, 1, 1], ""],
    [[1, 5, 7], " The batch dimension seems to be missing."],
    [[1, 5, 8], " These look packed; call unpackLatents first."],
    [[1, 4, 1, 1], " These look like moments; take mode() or sample() of the posterior first."],
  ])("is refused in the shape %j", (shape, remedy) => {
    for (const [scale, name] of [
      [normalizeLatents, "normalizeLatents"],
      [denormalizeLatents, "denormalizeLatents"],
    ] as const) {
      expect(() => scale(Tensor.zeros(shape), config)).toThrow(
        expect.objectContaining({
          code: "INVALID_ARGUMENT",
          message: `${name}: expected latents [N, 2, h, w], found [${shape.join(", ")}].${remedy}`,
        }),
      );
    }
  });

  it("says what describes no scaling", () => {
    for (const call of [
      () => latentScaling(3 as never),
      () => describeScaling(null as never),
      () => normalizeLatents(z, undefined as never),
    ]) {
      expect(call).toThrow("latents' scaling: expected a config or a scaling, found ");
    }
    expect(() =>
      describeScaling({ kind: "factor", latentChannels: 1, scalingFactor: 0, shiftFactor: 0 }),
    ).toThrow("scaling_factor above 0");
  });
});

describe("two scalings", () => {
  const patches = {
    kind: "patchMeanStd",
    latentChannels: 1,
    mean: [0.1, 0, 1, -2],
    std: [1.7, 1, 1, 1],
  } as const;

  it("of patches are one where files rounded their statistics to 16 bits", () => {
    // bfloat16 of 0.1 and 1.7.
    const rounded = { ...patches, mean: [0.10009765625, 0, 1, -2], std: [1.703125, 1, 1, 1] };
    expect(sameScaling(patches, rounded)).toBe(true);
    expect(sameScaling(patches, { ...patches, mean: [0.11, 0, 1, -2] })).toBe(false);
    expect(sameScaling(patches, { ...patches, mean: [0.1, 0.001, 1, -2] })).toBe(false);
  });

  it("of factors are one where they are equal", () => {
    const factor = { kind: "factor", latentChannels: 4, scalingFactor: 0.5, shiftFactor: 0 } as const;
    expect(sameScaling(factor, { ...factor })).toBe(true);
    expect(sameScaling(factor, { ...factor, scalingFactor: 0.5001 })).toBe(false);
    expect(sameScaling(factor, patches)).toBe(false);
  });
});
