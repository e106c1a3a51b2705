import { describe, expect, it } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { denormalizeLatents, describeScaling, latentScaling, normalizeLatents } from "./scaling.ts";

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
