import { inspect } from "node:util";
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

describe("the limits of a posterior", () => {
  it("clamps log-variances at -30 and 20, and no others", () => {
    const given = [-30.5, -30, -29.5, 0, 19.5, 20, 20.5];
    const parameters = Float32Array.from([...given.map(() => 0), ...given]);
    const posterior = new DiagonalGaussianDistribution(Tensor.from(parameters, [1, 14]));
    expect([...posterior.logvar.data]).toEqual([-30, -30, -29.5, 0, 19.5, 20, 20]);
    // The moments themselves stay as they were given.
    expect([...posterior.parameters.data].slice(7)).toEqual(given);
  });

  it.each([[[4]], [[1, 0]], [[1, 3]], [[]]])("refuses moments of shape %j", (shape) => {
    expect(() => new DiagonalGaussianDistribution(Tensor.zeros(shape))).toThrow(
      `DiagonalGaussianDistribution: expected moments [N, 2C, …], the means' channels and then as many log-variances', found [${shape.join(", ")}].`,
    );
  });

  it("takes the dtypes of moments, noise and latents that people have, and computes in float32", () => {
    const numbers = [0.1, 0.2, 0, 0];
    const double = new DiagonalGaussianDistribution(Tensor.from(Float64Array.from(numbers), [1, 4]));
    expect(double.parameters.dtype).toBe("float32");
    expect(double.mean.data[0]).toBe(Math.fround(0.1));
    const noise = Tensor.from(Float64Array.of(1, -1), [1, 2]);
    expect(double.sample({ noise })).toBeAllclose(Tensor.from(Float32Array.of(1.1, -0.8), [1, 2]));
    const brain = Tensor.from(Float32Array.of(1.1, 0.2), [1, 2]).toFloat("bfloat16");
    const widened = Math.fround(brain.toFloat32().data[0]!);
    expect(double.nll(brain).data[0]).toBeCloseTo(
      Math.log(2 * Math.PI) + 0.5 * ((widened - 0.1) ** 2 + (brain.toFloat32().data[1]! - 0.2) ** 2),
      6,
    );
  });

  it("rounds std · noise before the mean is added, as PyTorch does", () => {
    // numpy, float32: mean + exp(0.35) * noise.
    const at = (mean: number, noise: number): number =>
      new DiagonalGaussianDistribution(Tensor.from(Float32Array.of(mean, 0.7), [1, 2])).sample({
        noise: Tensor.from(Float32Array.of(noise), [1, 1]),
      }).data[0]!;
    expect(at(-0.8295284509658813, 0.7799949049949646)).toBe(0.2773369550704956);
    expect(at(-1.0615475177764893, 1.265699028968811)).toBe(0.7345649003982544);
  });

  it("computes each of its moments once", () => {
    const posterior = moments(1, 2);
    for (const key of ["mean", "logvar", "std", "var"] as const) expect(posterior[key]).toBe(posterior[key]);
    expect(posterior.mode()).toBe(posterior.mean);
    expect(posterior.deterministic).toBe(false);
  });
});

describe("the randomness of a sample", () => {
  const posterior = new DiagonalGaussianDistribution(Tensor.zeros([2, 4, 2, 3]));

  it("of a list of one generator is that generator's for the whole batch", () => {
    const alone = posterior.sample({ generator: Generator.torch(5) });
    expect(posterior.sample({ generator: [Generator.torch(5)] }).equals(alone)).toBe(true);
    const [first, second] = [Generator.torch(5), Generator.torch(6)];
    const each = posterior.sample({ generator: [first, second] });
    expect([...each.data.subarray(12)]).toEqual([...Generator.torch(6).randn([1, 2, 2, 3]).data]);
    expect(each.equals(alone)).toBe(false);
  });

  it.each<[unknown, string]>([
    [3, "sample: generator: expected a Generator, as Generator.torch(seed) makes, found 3."],
    [[Generator.torch(1), null], "found null."],
    [[], "sample: expected one generator, or 2, one for each sample of the batch, found 0."],
  ])("refuses %j", (generator, message) => {
    expect(() => posterior.sample({ generator: generator as never })).toThrow(message);
  });

  it("refuses a generator beside noise, and noise of another shape", () => {
    const noise = Tensor.zeros([2, 2, 2, 3]);
    expect(() => posterior.sample({ noise, generator: Generator.torch(1) })).toThrow(
      "sample: expected a generator or noise, found both. Leave one out.",
    );
    expect(() => posterior.sample({ noise: Tensor.zeros([2, 2, 3, 2]) })).toThrow(
      "sample: noise: expected shape [2, 2, 2, 3], found [2, 2, 3, 2].",
    );
  });
});

describe("distances", () => {
  it("to another posterior are not those from it", () => {
    // 0.5 · ((1 - 3)² / e² + e^(1 - 2) - 1 - 1 + 2) and back with the ends changed.
    expect(moments(1, 1).kl(moments(3, 2))).toBeAllclose([
      0.5 * (4 / Math.exp(2) + Math.exp(-1) - 1 - 1 + 2),
    ]);
    expect(moments(3, 2).kl(moments(1, 1))).toBeAllclose([0.5 * (4 / Math.E + Math.E - 1 - 2 + 1)]);
  });

  it("to one without variance are infinite, as in diffusers", () => {
    const sure = new DiagonalGaussianDistribution(Tensor.zeros([1, 2, 1, 1]), { deterministic: true });
    expect(moments(1, 0).kl(sure).data[0]).toBe(Infinity);
    expect([...sure.kl(moments(1, 0)).data]).toEqual([0]);
    expect([...sure.kl().data]).toEqual([0]);
  });

  it("of a batch are one for each sample", () => {
    const two = new DiagonalGaussianDistribution(Tensor.from(Float32Array.of(2, 0, 0, 1), [2, 2]));
    expect(two.kl()).toBeAllclose([2, 0.5 * (Math.E - 2)]);
  });

  it("over no dimension are one for each value, and over all a scalar", () => {
    const two = new DiagonalGaussianDistribution(Tensor.from(Float32Array.of(2, 0, 0, 1), [2, 2]));
    const x = Tensor.from(Float32Array.of(2, 1), [2, 1]);
    const half = 0.5 * Math.log(2 * Math.PI);
    const each = [half, half + 0.5 + 0.5 / Math.E];
    expect(two.nll(x, [])).toBeAllclose(Tensor.from(Float32Array.from(each), [2, 1]));
    expect(two.nll(x, [0, 1])).toBeAllclose(Tensor.from(Float32Array.of(each[0]! + each[1]!), []));
    expect(two.nll(x, [0])).toBeAllclose([each[0]! + each[1]!]);
  });

  it.each([[[0, 0]], [[1, -1]], [[2]], [[-3]], [[0.5]]])("refuse the dimensions %j", (dims) => {
    const posterior = moments(0, 0);
    const two = new DiagonalGaussianDistribution(Tensor.zeros([1, 2]));
    expect(() => two.nll(two.mean, dims)).toThrow(
      `nll: expected different dimensions of [1, 1], found [${dims.join(", ")}].`,
    );
    expect(() => posterior.nll(Tensor.zeros([1, 1]))).toThrow(
      "nll: x: expected shape [1, 1, 1, 1], found [1, 1].",
    );
  });
});

describe("equality of posteriors", () => {
  it("asks for the same bits and the same determinism", () => {
    const posterior = moments(1, 2);
    expect(posterior.equals(moments(1, 2))).toBe(true);
    expect(posterior.equals(moments(1, 3))).toBe(false);
    const sure = new DiagonalGaussianDistribution(posterior.parameters, { deterministic: true });
    expect([posterior.equals(sure), sure.equals(posterior), sure.equals(sure)]).toEqual([false, false, true]);
    expect(posterior.equals({ parameters: posterior.parameters, deterministic: false } as never)).toBe(false);
  });

  it("is not what printing shows", () => {
    expect(String(moments(1, 0))).toBe(
      "DiagonalGaussianDistribution { mean: Tensor float32 [1, 1, 1, 1], 1 … 1, mean 1, std: Tensor float32 [1, 1, 1, 1], 1 … 1, mean 1 }",
    );
    expect(inspect(moments(1, 0))).toBe(String(moments(1, 0)));
  });
});
