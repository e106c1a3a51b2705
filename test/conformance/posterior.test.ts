/** DiagonalGaussianDistribution gives diffusers' numbers. */
import { describe, expect, test } from "vitest";
import { DiagonalGaussianDistribution } from "../../src/node/index.ts";
import { manifest, readGoldens } from "./fixtures.ts";

/** float32's own relative error times the few roundings of one element's exp. */
const elementTolerance = { absolute: 1e-6, relative: 2e-6 };
/** Sums of about a hundred such terms, in another order. */
const sumTolerance = { absolute: 1e-4, relative: 1e-5 };

describe.each(manifest.posterior)("the $name posterior", ({ golden }) => {
  const goldens = readGoldens(golden);
  const posterior = new DiagonalGaussianDistribution(goldens.get("parameters"));
  const other = new DiagonalGaussianDistribution(goldens.get("other_parameters"));
  const fixed = new DiagonalGaussianDistribution(goldens.get("parameters"), { deterministic: true });
  const noise = goldens.get("noise");
  const value = goldens.get("value");

  test("has diffusers' moments", () => {
    expect(posterior.mean).toBeAllclose(goldens.get("mean"), { absolute: 0 });
    expect(posterior.logvar).toBeAllclose(goldens.get("logvar"), { absolute: 0 });
    expect(posterior.std).toBeAllclose(goldens.get("std"), elementTolerance);
    expect(posterior.var).toBeAllclose(goldens.get("var"), elementTolerance);
    expect(posterior.mode()).toBeAllclose(goldens.get("mode"), { absolute: 0 });
  });

  test("samples mean + std * noise", () => {
    expect(posterior.sample({ noise })).toBeAllclose(goldens.get("sample"), elementTolerance);
  });

  test("has diffusers' divergence from the prior and from another posterior", () => {
    expect(posterior.kl()).toBeAllclose(goldens.get("kl"), sumTolerance);
    expect(posterior.kl(other)).toBeAllclose(goldens.get("kl_other"), sumTolerance);
  });

  test("has diffusers' negative log-likelihood over any dimensions", () => {
    expect(posterior.nll(value)).toBeAllclose(goldens.get("nll"), sumTolerance);
    expect(posterior.nll(value, [2, 3])).toBeAllclose(goldens.get("nll_spatial"), sumTolerance);
  });

  test("without randomness has no spread, and samples its mean", () => {
    expect(fixed.std).toBeAllclose(goldens.get("deterministic_std"), { absolute: 0 });
    expect(fixed.var).toBeAllclose(goldens.get("deterministic_var"), { absolute: 0 });
    expect(Math.max(...fixed.kl().toFloat32().data, ...fixed.nll(value).toFloat32().data)).toBe(0);
    expect(fixed.sample({ noise })).toBeAllclose(goldens.get("deterministic_sample"), { absolute: 0 });
  });
});
