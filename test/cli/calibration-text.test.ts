/** What `vaekit calibrate` suggests for config.json is what a config may hold. */
import { expect, test } from "vitest";
import { calibrationFields, calibrationText } from "../../src/cli/calibration-text.ts";
import { completeConfig, formatConfig, LatentCalibrator, Tensor } from "../../src/node/index.ts";

const config = formatConfig(completeConfig({}));

/** Two pictures of four channels; those that are named have one value everywhere. */
function measured(constant: readonly number[]): ReturnType<LatentCalibrator["result"]> {
  const latents = Tensor.zeros([2, 4, 3, 3]);
  latents.data.forEach((_, i) => {
    const channel = Math.floor(i / 9) % 4;
    latents.data[i] = constant.includes(channel) ? 0.1 : Math.sin(i);
  });
  return new LatentCalibrator(4).add(latents).result();
}

test("both forms are configs", () => {
  const { global, perChannel } = calibrationFields(measured([]));
  expect(completeConfig(global).scalingFactor).toBe(global.scaling_factor);
  expect(completeConfig(perChannel!).latentsStd).toEqual(perChannel!.latents_std);
});

/** Numbers that are written as they are with five digits. */
const result: ReturnType<LatentCalibrator["result"]> = {
  ...measured([]),
  pictures: 2,
  valuesPerChannel: 12_345,
  scalingFactor: { value: 0.5, interval: [0.25, 0.75] },
  shiftFactor: { value: -0.125, interval: null },
  latentsMean: [{ value: 1.5, interval: [1, 2] }],
  latentsStd: [{ value: 2.5, interval: [2, 3] }],
};

test("the text has the factors with their intervals, and both forms ready to paste", () => {
  expect(calibrationText("model", result, config)).toBe(`model: 2 pictures, 12,345 latents per channel

factor              value  95 % interval
scaling_factor    0.50000  0.25000 … 0.75000
shift_factor     -0.12500  needs two pictures
latents_mean[0]    1.5000  1.0000 … 2.0000
latents_std[0]     2.5000  2.0000 … 3.0000

For config.json, one factor for all channels (SD, SD3, FLUX):
  "scaling_factor": 0.5,
  "shift_factor": -0.125,
  "latents_mean": null,
  "latents_std": null

or one for each channel (SDXL-type pipelines):
  "scaling_factor": 1,
  "shift_factor": null,
  "latents_mean": [1.5],
  "latents_std": [2.5]`);
  expect(calibrationText("model", { ...result, pictures: 1 }, config)).toMatch(/^model: 1 picture, 12,345 /);
});

test("fields have the five digits that published configs have", () => {
  const { global, perChannel } = calibrationFields({
    ...result,
    scalingFactor: { value: 0.182_154_9, interval: null },
    latentsStd: [{ value: 12.345_678, interval: null }],
  });
  expect(global.scaling_factor).toBe(0.18215);
  expect(perChannel?.latents_std).toEqual([12.346]);
});

test("a channel without spread is said, and no std of 0 is suggested", () => {
  const result = measured([2]);
  expect(result.latentsStd[2]!.value).toBe(0);
  expect(() => completeConfig({ latentsMean: [0, 0, 0, 0], latentsStd: [1, 1, 0, 1] })).toThrow("latentsStd");
  const { global, perChannel } = calibrationFields(result);
  expect(perChannel).toBeNull();
  expect(completeConfig(global).scalingFactor).toBe(global.scaling_factor);
  const text = calibrationText("model", result, config);
  expect(text).not.toContain('"latents_std": [');
  expect(text).toContain("Not one for each channel: channel 2 of the latents has one value everywhere");
  expect(calibrationText("model", measured([0, 3]), config)).toContain(
    "channels 0, 3 of the latents have one value",
  );
});

test("nothing is suggested for a config.json that has no such keys", () => {
  const text = calibrationText("model", measured([]), '{ "_class_name": "MlpVae" }');
  expect(text).toContain("has no keys for them");
  expect(text).not.toContain('"scaling_factor":');
});
