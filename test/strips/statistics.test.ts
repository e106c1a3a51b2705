/** Statistics joined over strips are those of the whole picture. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Generator } from "../../src/random/index.ts";
import type { Runtime } from "../../src/runtime/index.ts";
import { statisticsGraph, statisticsNames } from "../../src/strips/statistics-graph.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { createRuntime, runtimeNames } from "../runtime/runtimes.ts";

let runtime: Runtime;

const groups = 2;
const epsilon = 1e-6;

interface ChannelMoments {
  readonly pixels: number;
  readonly means: readonly number[];
  /** Sums of squared deviations from the means. */
  readonly deviations: readonly number[];
}

/** Channels as rows of pixels. */
type Picture = readonly (readonly number[])[];

function momentsOf(picture: Picture, begin: number, end: number): ChannelMoments {
  const rows = picture.map((channel) => channel.slice(begin, end));
  const means = rows.map((row) => row.reduce((sum, x) => sum + x, 0) / row.length);
  const deviations = rows.map((row, channel) => row.reduce((sum, x) => sum + (x - means[channel]!) ** 2, 0));
  return { pixels: end - begin, means, deviations };
}

/** weight · (x - mean) / √(variance + epsilon) + bias over groups of two channels, by the definition. */
function normalized(picture: Picture, weight: readonly number[], bias: readonly number[]): number[][] {
  return picture.map((row, channel) => {
    const first = channel - (channel % 2);
    const group = [...picture[first]!, ...picture[first + 1]!];
    const mean = group.reduce((sum, x) => sum + x, 0) / group.length;
    const variance = group.reduce((sum, x) => sum + (x - mean) ** 2, 0) / group.length;
    return row.map((x) => (weight[channel]! * (x - mean)) / Math.sqrt(variance + epsilon) + bias[channel]!);
  });
}

const weight = [1, -2, 0.5, 3];
const bias = [0, 1, -1, 2];

async function inStrips(
  picture: Picture,
  borders: readonly number[],
  offset: readonly number[] = [],
): Promise<number[][]> {
  const strips = borders.slice(1).map((end, index) => momentsOf(picture, borders[index]!, end));
  const channels = weight.length;
  const pixels = strips.map((strip) => strip.pixels);
  const hasOffset = offset.length > 0;
  const session = await runtime.createSession(
    statisticsGraph({ channels, groups, epsilon, pixels, hasOffset }),
  );
  const ofChannels = (values: readonly number[]): Tensor =>
    Tensor.from(Float32Array.from(values), [groups, channels / groups]);
  const ofStrips = (values: readonly number[][]): Tensor =>
    Tensor.from(Float32Array.from(values.flat()), [strips.length, groups, channels / groups]);
  const result = await session.run({
    [statisticsNames.mean]: ofStrips(strips.map(({ means }) => [...means])),
    [statisticsNames.deviation]: ofStrips(strips.map(({ deviations }) => [...deviations])),
    [statisticsNames.weight]: ofChannels(weight),
    [statisticsNames.bias]: ofChannels(bias),
    ...(hasOffset ? { [statisticsNames.offset]: ofChannels(offset) } : {}),
  });
  await session.dispose();
  const { data: scale } = result[statisticsNames.scale]!;
  const { data: shift } = result[statisticsNames.shift]!;
  return picture.map((row, channel) => row.map((x) => Number(scale[channel]) * x + Number(shift[channel])));
}

const pictureOf = (offset: number): Picture => {
  const { data } = Generator.philox(9).randn([4, 30]);
  return weight.map((_, channel) =>
    Array.from(data.subarray(channel * 30, (channel + 1) * 30), (x) => x + offset),
  );
};

describe.each(runtimeNames)("statistics joined over strips on %s", (name) => {
  beforeAll(() => {
    runtime = createRuntime[name]();
  });
  afterAll(() => runtime.dispose());

  test.each([
    ["one strip", [0, 30]],
    ["even strips", [0, 10, 20, 30]],
    ["uneven strips, one of a single pixel", [0, 1, 17, 30]],
  ])("normalise as those of the whole: %s", async (_, borders) => {
    const picture = pictureOf(0);
    const expected = normalized(picture, weight, bias).flat();
    const found = await inStrips(picture, borders);
    expect(found.flat()).toBeAllclose(expected, { absolute: 5e-6 });
  });

  test("keep what a large mean leaves", async () => {
    // float32 holds 1000 ± 1 in steps of 6e-5, and scale · x + shift cancels numbers of that size.
    const picture = pictureOf(1000);
    const expected = normalized(picture, weight, bias).flat();
    const found = (await inStrips(picture, [0, 10, 30])).flat();
    const worst = Math.max(...found.map((value, index) => Math.abs(value - expected[index]!)));
    expect(worst).toBeLessThan(1e-3);
  });

  test("normalise what pixels would be with what was left out of them", async () => {
    const picture = pictureOf(0);
    const offset = [3, -1, 0.5, 2];
    const whole = picture.map((row, channel) => row.map((x) => x + offset[channel]!));
    const expected = normalized(whole, weight, bias).flat();
    const found = await inStrips(picture, [0, 7, 30], offset);
    expect(found.flat()).toBeAllclose(expected, { absolute: 5e-6 });
  });

  test("leave a constant picture at the bias", async () => {
    const constant = weight.map(() => Array<number>(6).fill(0.25));
    const found = await inStrips(constant, [0, 2, 6]);
    expect(found.map(([first]) => first)).toEqual(bias);
  });
});
