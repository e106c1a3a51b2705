import { describe, expect, it } from "vitest";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { DiagonalGaussianDistribution } from "./diagonal-gaussian-distribution.ts";

/** The moments that the expected numbers below were made of, with diffusers 0.42 on PyTorch 2.13. */
function example(): {
  wide: DiagonalGaussianDistribution;
  standard: DiagonalGaussianDistribution;
  x: Tensor;
} {
  const generator = Generator.torch(1);
  const wide = generator.randn([2, 4, 2, 3]);
  wide.data.set(wide.data.map((value) => value * 3));
  wide.data[12] = -50; // below the clamp
  wide.data[47] = 25; // above it
  const standard = generator.randn([2, 4, 2, 3]);
  const x = generator.randn([2, 2, 2, 3]);
  return {
    wide: new DiagonalGaussianDistribution(wide),
    standard: new DiagonalGaussianDistribution(standard),
    x,
  };
}

function moments(mean: number, logvar: number): DiagonalGaussianDistribution {
  return new DiagonalGaussianDistribution(Tensor.from(Float32Array.of(mean, logvar), [1, 2, 1, 1]));
}

describe("DiagonalGaussianDistribution against diffusers", () => {
  const { wide, standard, x } = example();
  const relative = { absolute: 0, relative: 1e-6 };

  it("has the same standard deviations and variances, clamped at both ends", () => {
    const std = [3.05902319e-7, 12.5619221, 1.40865839, 2.01668143, 0.351530552, 0.175320029];
    expect(wide.std.data.slice(0, 6)).toBeAllclose(std, relative);
    expect(wide.std.data.slice(-2)).toBeAllclose([10.6142473, 22026.4648], relative);
    expect(wide.var.data.slice(-2)).toBeAllclose([112.662239, 485165184], relative);
    expect(wide.logvar.data[0]).toBe(-30);
    expect(wide.logvar.data[23]).toBe(20);
  });

  it("has the same divergences", () => {
    expect(wide.kl()).toBeAllclose([155.402252, 242583264], relative);
    const doubled = new Float32Array(48);
    for (let n = 0; n < 2; n++) {
      const half = x.toFloat32().data.subarray(12 * n, 12 * n + 12);
      doubled.set(half, 24 * n);
      doubled.set(half, 24 * n + 12);
    }
    const other = new DiagonalGaussianDistribution(Tensor.from(doubled, [2, 4, 2, 3]));
    expect(standard.kl(other)).toBeAllclose([12.8016167, 15.4399805], relative);
  });

  it("has the same likelihoods, over any dimensions", () => {
    expect(standard.nll(x)).toBeAllclose([25.3664131, 35.7664261], relative);
    const columns = standard.nll(x, [1, 2]);
    expect(columns.shape).toEqual([2, 3]);
    const expected = [8.30501842, 5.58724117, 11.4741545, 26.5445709, 4.46042919, 4.76142693];
    expect(columns.data).toBeAllclose(expected, relative);
    expect(standard.nll(x, [-1, 1, -2])).toBeAllclose(standard.nll(x));
  });

  it("draws the same sample from one generator", () => {
    const drawn = wide.sample({ generator: Generator.torch(5) }).data;
    const head = [-4.57678747, 4.26752472, -4.37345505, -8.25959396, 0.409386098, -1.87466025];
    expect(drawn.slice(0, 6)).toBeAllclose(head, relative);
    expect(drawn.slice(-2)).toBeAllclose([2.8854146, -1428.2074], relative);
  });

  it("draws the same sample from one generator for each picture", () => {
    const drawn = standard.sample({ generator: [Generator.torch(5), Generator.torch(6)] }).data;
    expect(drawn.slice(0, 4)).toBeAllclose([-1.97832799, 0.154228538, -0.039245449, 0.0222305357]);
    expect(drawn.slice(12, 16)).toBeAllclose([-1.61888909, -0.958816946, -0.213388562, -1.47601163]);
  });
});

describe("DiagonalGaussianDistribution", () => {
  it("is at no distance from the prior when it is the prior", () => {
    expect(moments(0, 0).kl().data[0]).toBe(0);
    // 0.5 (mean² + var - 1 - logvar) = 0.5 (4 + e - 1 - 1)
    expect(moments(2, 1).kl()).toBeAllclose([0.5 * (2 + Math.E)]);
    expect(moments(2, 1).kl(moments(2, 1)).data[0]).toBe(0);
  });

  it("puts the noise where the reparameterisation says", () => {
    const noise = Tensor.from(Float32Array.of(-1.5), [1, 1, 1, 1]);
    expect(moments(2, Math.log(4)).sample({ noise })).toBeAllclose(
      Tensor.from(Float32Array.of(-1), [1, 1, 1, 1]),
    );
  });

  it("is certain when deterministic", () => {
    const parameters = Tensor.from(Float32Array.of(2, 1, 4, 5), [2, 2, 1, 1]);
    const posterior = new DiagonalGaussianDistribution(parameters, { deterministic: true });
    expect(posterior.sample().equals(posterior.mode())).toBe(true);
    expect(Array.from(posterior.std.data)).toEqual([0, 0]);
    expect(Array.from(posterior.var.data)).toEqual([0, 0]);
    expect(posterior.kl().shape).toEqual([1]);
    expect(posterior.nll(posterior.mean).data[0]).toBe(0);
  });

  it("takes the latents of a model without space, [N, 2C]", () => {
    const posterior = new DiagonalGaussianDistribution(Tensor.from(Float32Array.of(1, 2, 0, 0), [1, 4]));
    expect(posterior.kl()).toBeAllclose([2.5]);
    expect(posterior.nll(posterior.mean)).toBeAllclose([Math.log(2 * Math.PI)]);
  });

  it("widens 16-bit moments, so that large variances stay finite", () => {
    const half = Tensor.from(Float32Array.of(0, 20), [1, 2, 1, 1]).toFloat("float16");
    expect(new DiagonalGaussianDistribution(half).var.data[0]).toBe(485165184);
  });

  it("says what does not fit", () => {
    const posterior = example().standard;
    const odd = Tensor.zeros([1, 3, 2, 2]);
    expect(() => new DiagonalGaussianDistribution(odd)).toThrow("expected moments [N, 2C, …]");
    const noise = Tensor.zeros([1, 2, 2, 3]);
    expect(() => posterior.sample({ noise })).toThrow("expected shape [2, 2, 2, 3], found [1, 2, 2, 3]");
    const generators = [1, 2, 3].map((seed) => Generator.philox(seed));
    expect(() => posterior.sample({ generator: generators })).toThrow(
      "one for each sample of the batch, found 3",
    );
    expect(() => posterior.sample({ generator: [], noise })).toThrow("found both");
    expect(() => posterior.nll(posterior.mean, [4])).toThrow("nll: expected different dimensions");
    expect(() => posterior.kl(moments(0, 0))).toThrow("kl: other: expected shape");
  });

  it("differs from draw to draw without a generator", () => {
    const posterior = example().standard;
    expect(posterior.sample().equals(posterior.sample())).toBe(false);
  });
});
