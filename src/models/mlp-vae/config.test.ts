import { describe, expect, test } from "vitest";
import { iwaeMlpVae, pytorchExamplesMlpVae } from "./graph.ts";
import { formatMlpVaeConfig, parseMlpVaeConfig } from "./config.ts";

const file = {
  _class_name: "MlpVae",
  type: "mlp",
  input_size: 784,
  hidden_sizes: [400],
  latent_size: 20,
  activation: "relu",
  sigma: "logvar",
  initialization: "pytorch",
};

describe("parseMlpVaeConfig", () => {
  test("reads both published models", () => {
    expect(parseMlpVaeConfig(file, "config.json")).toEqual(pytorchExamplesMlpVae);
    const iwae = { ...file, hidden_sizes: [200, 200], latent_size: 50, activation: "tanh" };
    expect(parseMlpVaeConfig({ ...iwae, sigma: "log_std", initialization: "glorot" }, "c")).toEqual(
      iwaeMlpVae,
    );
  });

  test("reads pixels of levels, as they are written", () => {
    const config = { ...pytorchExamplesMlpVae, pixels: { distribution: "categorical", levels: 16 } } as const;
    expect(parseMlpVaeConfig(JSON.parse(formatMlpVaeConfig(config)), "c")).toEqual(config);
  });

  test.each([
    [{ _class_name: "AutoencoderKL" }, "c: expected the config of an MlpVae"],
    [{ ...file, latent_size: 0 }, "c: latent_size: expected a positive whole number, found 0."],
    [{ ...file, hidden_sizes: [] }, "c: hidden_sizes: expected a list of layer sizes, found []."],
    [{ ...file, hidden_sizes: [4, "x"] }, 'c: hidden_sizes: 1: expected a positive whole number, found "x".'],
    [
      { ...file, pixels: { distribution: "categorical", levels: 1 } },
      "c: pixels: levels: expected a whole number of at least 2, found 1.",
    ],
    [
      { ...file, pixels: { distribution: "categorical", levels: 256 } },
      "c: pixels: levels: expected a whole number of at most 16, found 256.",
    ],
    [{ ...file, pixels: { distribution: "laplace" } }, "c: pixels: distribution: expected "],
    [{ ...file, sigma: undefined }, 'c: sigma: expected "logvar" or "log_std", found nothing.'],
  ])("refuses %j", (json, message) => {
    expect(() => parseMlpVaeConfig(json, "c")).toThrow(message);
  });
});
