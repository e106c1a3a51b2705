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
