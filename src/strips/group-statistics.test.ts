import { describe, expect, test } from "vitest";
import { Generator } from "../random/index.ts";
import { groupAffine, type ChannelMoments } from "./group-statistics.ts";

/** Channels as rows of pixels. */
type Picture = readonly (readonly number[])[];

function momentsOf(picture: Picture, begin: number, end: number): ChannelMoments {
  const rows = picture.map((channel) => channel.slice(begin, end));
  const means = rows.map((row) => row.reduce((sum, x) => sum + x, 0) / row.length);
  const deviations = rows.map((row, channel) => row.reduce((sum, x) => sum + (x - means[channel]!) ** 2, 0));
  return { pixels: end - begin, means: Float32Array.from(means), deviations: Float32Array.from(deviations) };
}

/** weight · (x - mean) / √(variance + epsilon) + bias over groups of two channels, by the definition. */
function normalized(picture: Picture, weight: readonly number[], bias: readonly number[]): number[][] {
  return picture.map((row, channel) => {
    const first = channel - (channel % 2);
    const group = [...picture[first]!, ...picture[first + 1]!];
    const mean = group.reduce((sum, x) => sum + x, 0) / group.length;
    const variance = group.reduce((sum, x) => sum + (x - mean) ** 2, 0) / group.length;
    return row.map((x) => (weight[channel]! * (x - mean)) / Math.sqrt(variance + 1e-6) + bias[channel]!);
  });
}

const weight = [1, -2, 0.5, 3];
const bias = [0, 1, -1, 2];

function inStrips(picture: Picture, borders: readonly number[], offset: readonly number[] = []): number[][] {
  const strips = borders.slice(1).map((end, index) => momentsOf(picture, borders[index]!, end));
  const affine = { weight: Float32Array.from(weight), bias: Float32Array.from(bias) };
  const added = offset.length === 0 ? {} : { offset: Float32Array.from(offset) };
  const { scale, shift } = groupAffine({ groups: 2, epsilon: 1e-6, ...affine, ...added, strips });
  return picture.map((row, channel) => row.map((x) => scale[channel]! * x + shift[channel]!));
}

const pictureOf = (offset: number): Picture => {
  const { data } = Generator.philox(9).randn([4, 30]);
  return weight.map((_, channel) =>
    Array.from(data.subarray(channel * 30, (channel + 1) * 30), (x) => x + offset),
  );
};

describe("statistics joined over strips", () => {
  test.each([
    ["one strip", [0, 30]],
    ["even strips", [0, 10, 20, 30]],
    ["uneven strips, one of a single pixel", [0, 1, 17, 30]],
  ])("normalise as those of the whole: %s", (_, borders) => {
    const picture = pictureOf(0);
    const expected = normalized(picture, weight, bias).flat();
    inStrips(picture, borders)
      .flat()
      .forEach((value, index) => {
        expect(value).toBeCloseTo(expected[index]!, 5);
      });
  });

  test("keep what a large mean leaves", () => {
    // float32 holds 1000 ± 1 in steps of 6e-5, and scale · x + shift cancels numbers of that size.
    const picture = pictureOf(1000);
    const expected = normalized(picture, weight, bias).flat();
    const found = inStrips(picture, [0, 10, 30]).flat();
    const worst = Math.max(...found.map((value, index) => Math.abs(value - expected[index]!)));
    expect(worst).toBeLessThan(1e-3);
  });

  test("normalise what pixels would be with what was left out of them", () => {
    const picture = pictureOf(0);
    const offset = [3, -1, 0.5, 2];
    const whole = picture.map((row, channel) => row.map((x) => x + offset[channel]!));
    const expected = normalized(whole, weight, bias).flat();
    inStrips(picture, [0, 7, 30], offset)
      .flat()
      .forEach((value, index) => {
        expect(value).toBeCloseTo(expected[index]!, 5);
      });
  });

  test("leave a constant picture at the bias", () => {
    const constant = weight.map(() => Array<number>(6).fill(0.25));
    expect(inStrips(constant, [0, 2, 6]).map(([first]) => first)).toEqual(bias);
  });
});
