import { describe, expect, it } from "vitest";
import { latentScaling } from "../../latents/index.ts";
import { completeConfig, formatConfig, parseConfig, readConfig } from "./config.ts";
import { configLimits } from "../config-limits.ts";

const refusal = (code: string, message: string): Error =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error;

const invalid = (message: string): Error => refusal("INVALID_CONFIG", message);

describe("completeConfig", () => {
  it("takes diffusers' names and ours, and the same values in both", () => {
    const ours = completeConfig({ blockOutChannels: [32], latentChannels: 8 });
    const theirs = completeConfig({
      _class_name: "AutoencoderKL",
      _diffusers_version: "0.40.0",
      block_out_channels: [32],
      latent_channels: 8,
    });
    expect(theirs).toEqual(ours);
    const both = { latentChannels: 8, latent_channels: 8, blockOutChannels: [32] };
    expect(completeConfig(both)).toEqual(ours);
  });

  it("refuses one key in both spellings with different values", () => {
    const both = { latentChannels: 8, latent_channels: 16 };
    expect(() => completeConfig(both)).toThrow(
      invalid("config: latentChannels is 8, but latent_channels, the same key, is 16."),
    );
  });

  it.each([
    [{ sampleSice: 1 }, "no key sampleSice; did you mean sampleSize?"],
    [{ sample_sice: 1 }, "no key sample_sice; did you mean sample_size?"],
    [{ toString: 1 }, "no key toString; the keys are inChannels, "],
    [{ "a\u001b[31m": 1 }, 'no key "a\\u001b[31m"; '],
  ])("refuses a key that it does not know: %j", (partial, message) => {
    expect(() => completeConfig(partial as never)).toThrow(invalid(message));
  });

  it.each([null, [], "config.json", 3, [["latentChannels", 4]]])("refuses what is no object: %j", (value) => {
    expect(() => completeConfig(value as never)).toThrow(invalid("expected an object"));
  });

  it("refuses objects whose content is not in their keys", () => {
    const map = new Map([["scaling_factor", 0.5]]);
    expect(() => completeConfig(map as never)).toThrow(invalid("AutoencoderKL's config, found a Map."));
    const url = new URL("file:///models/config.json");
    expect(() => completeConfig(url as never)).toThrow(invalid("AutoencoderKL's config, found a URL."));
  });
});

describe("a value", () => {
  const { levels, blockChannels, layersPerBlock, sampleSize } = configLimits;
  it.each<[string, unknown, string]>([
    ["layers_per_block", 1e9, `at most ${layersPerBlock}, found 1000000000`],
    ["layers_per_block", 0, "a positive whole number, found 0"],
    ["layers_per_block", true, "a positive whole number, found true"],
    ["layers_per_block", "2", 'a positive whole number, found "2"'],
    ["layers_per_block", 1.5, "a positive whole number, found 1.5"],
    ["block_out_channels", Array(1e6).fill(64), `at most ${levels} items, found a list of 1000000 items`],
    ["block_out_channels", [64, 1e9], `at most ${blockChannels}, found 1000000000 at place 2`],
    ["block_out_channels", null, "a list that is not empty, found null"],
    ["block_out_channels", { length: 1 }, "found an object"],
    ["norm_num_groups", 0, "found 0"],
    ["norm_num_groups", -0, "found -0"],
    ["latent_channels", 2 ** 40, "found 1099511627776"],
    ["sample_size", [64, -1], "found -1 at place 2"],
    ["sample_size", [64, 64, 64], "at most 2 items"],
    ["sample_size", 1e9, `at most ${sampleSize}`],
    ["scaling_factor", 1e-300, "fits float32, or null, found 1e-300"],
    ["scaling_factor", 1e300, "fits float32"],
    ["scaling_factor", -1, "a finite number above 0, or null, found -1"],
    ["scaling_factor", null, "only latents_mean and latents_std together do without one"],
    ["shift_factor", 1e300, "fits float32"],
    ["act_fn", "\ud800", 'found "\\ud800"'],
    ["act_fn", "x".repeat(1e6), "found"],
    ["latents_mean", [1, 2], "expected 4 values in latents_mean"],
    ["latents_std", Array(1e5).fill(1), "at most 4096 items"],
  ])("%s of %j is refused in one short line", (key, value, message) => {
    const parse = (): unknown => parseConfig({ [key]: value }, "config.json");
    expect(parse).toThrow(invalid(message));
    expect(parse).toThrow(key);
    try {
      parse();
    } catch (error) {
      expect(String(error).length).toBeLessThan(400);
    }
  });

  it("that is nested deeply is refused without an overflow of the stack", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 1e5; i++) deep = [deep];
    expect(() => parseConfig({ latents_mean: deep }, "config.json")).toThrow(invalid("latents_mean"));
    expect(() => parseConfig({ act_fn: { deep } }, "config.json")).toThrow(invalid("an object"));
  });

  it("may be written as 2.0, as -0 where 0 is fine, and as a pair for sample_size", () => {
    const json: unknown = JSON.parse(
      '{"layers_per_block": 2.0, "shift_factor": -0.0, "sample_size": [64, 32]}',
    );
    const { config } = parseConfig(json, "config.json");
    expect(config).toMatchObject({ layersPerBlock: 2, sampleSize: 64 });
    expect(Object.is(config.shiftFactor, 0)).toBe(true);
  });

  it("contradicts: a shift beside means and deviations", () => {
    const json = { shift_factor: 0.1, latents_mean: [0, 0, 0, 0], latents_std: [1, 1, 1, 1] };
    expect(() => parseConfig(json, "config.json")).toThrow(invalid("Remove one of the two"));
  });
});

describe("an unknown key", () => {
  it("of a model's config.json is a warning, as in diffusers; our spelling is unknown there", () => {
    const { config, warnings } = parseConfig({ decay: 0.99, sampleSize: 64, _name: 1 }, "a/config.json");
    expect(warnings).toEqual([
      "a/config.json: ignored keys that AutoencoderKL does not have: decay, sampleSize.",
    ]);
    expect(config.sampleSize).toBe(32);
  });

  it("of a file that completes a single file is a warning in a whole config.json, and a mistake in a typed one", () => {
    const whole = { _class_name: "AutoencoderKL", decay: 0.99 };
    expect(readConfig(whole, "c.json", "given file").warnings).toHaveLength(1);
    expect(() => readConfig({ norm_groups: 8 }, "c.json", "given file")).toThrow(
      invalid("c.json: AutoencoderKL has no key norm_groups; did you mean norm_num_groups?"),
    );
  });

  it("is listed ten times at most", () => {
    const json = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, i]));
    expect(parseConfig(json, "c").warnings[0]).toMatch(/key9 and 990 more\.$/);
  });
});

describe("the scaling of latents", () => {
  const sixteen = { latent_channels: 16, latents_mean: Array(16).fill(1), latents_std: Array(16).fill(2) };
  const four = { latents_mean: Array(4).fill(1), latents_std: Array(4).fill(2) };

  it("is Stable Diffusion 1's without a word where its config is plain, and with one elsewhere", () => {
    const plain = parseConfig({}, "c");
    expect(plain).toMatchObject({ config: { scalingFactor: 0.18215 }, warnings: [] });
    for (const json of [{ latent_channels: 16 }, { use_quant_conv: false }, { shift_factor: 0.1 }]) {
      const { config, warnings } = parseConfig(json, "c");
      expect(config.scalingFactor).toBe(0.18215);
      expect(warnings.join()).toContain("c: has no scaling_factor; diffusers' default 0.18215");
    }
  });

  it("has no factor beside means and deviations where the config has none, and is written so", () => {
    for (const json of [four, sixteen]) {
      const { config, warnings } = parseConfig(json, "c");
      // Models of 4 channels with such lists, those of Stable Diffusion XL, have a factor.
      const expected = json === four ? [expect.stringMatching(/^c: .*divided by the std alone/)] : [];
      expect(warnings).toEqual(expected);
      expect(latentScaling(config)).toMatchObject({ kind: "meanStd", mean: json.latents_mean });
      expect(latentScaling(config)).not.toHaveProperty("scalingFactor");
      expect(formatConfig(config)).not.toContain("scaling_factor");
      expect(parseConfig(JSON.parse(formatConfig(config)), "c").config).toEqual(config);
    }
  });

  it("has the factor that the config has beside means and deviations, as Stable Diffusion XL", () => {
    for (const json of [
      { ...four, scaling_factor: 0.18215 },
      { ...sixteen, scaling_factor: 0.5 },
    ]) {
      const { config, warnings } = parseConfig(json, "c");
      expect(latentScaling(config)).toMatchObject({ kind: "meanStd", scalingFactor: json.scaling_factor });
      expect(warnings).toEqual([]);
    }
  });

  it("leaves out the default that diffusers writes beside means and deviations of other channels, and says so", () => {
    const { config, warnings } = parseConfig({ ...sixteen, scaling_factor: 0.18215 }, "c");
    expect(latentScaling(config)).not.toHaveProperty("scalingFactor");
    expect(warnings.join()).toContain("c: ignored scaling_factor 0.18215, the default that diffusers writes");
    expect(formatConfig(config)).toContain('"scaling_factor": 0.18215');
  });

  it("says that a mean without a deviation counts for nothing", () => {
    expect(parseConfig({ latents_mean: four.latents_mean }, "c").warnings.join()).toContain(
      "ignored latents_mean: it counts only together with latents_std",
    );
  });
});
