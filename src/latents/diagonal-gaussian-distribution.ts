/**
 * The posterior q(z|x) of a VAE: independent normal distributions, one per latent value.
 *
 * @see diffusers, models/autoencoders/vae.py, DiagonalGaussianDistribution
 */
import { VaekitError } from "../errors.ts";
import type { Generator } from "../random/index.ts";
import { PhiloxGenerator } from "../random/philox-generator.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { describeValue } from "../util/describe-value.ts";
import { formatShape, sameShape, sizeOf, type Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkOptions, optionKinds, type OptionKinds } from "../util/check-options.ts";
import { sumOver } from "./reduce.ts";

const minLogvar = -30;
const maxLogvar = 20;
const logTwoPi = Math.log(2 * Math.PI);

/** Where the noise of a sample comes from: one generator, one for each sample of the batch, or the noise itself. */
export interface SampleOptions {
  /** One generator for the whole batch, or one for each of its samples. @default a new one with a seed of its own */
  readonly generator?: Generator | readonly Generator[];
  /** Standard normal numbers of the mean's shape. */
  readonly noise?: Tensor;
}

/** The options of a {@link DiagonalGaussianDistribution}. */
export interface DistributionOptions {
  /** Whether the variance is taken as 0. @default false */
  readonly deterministic?: boolean;
}

const distributionKinds: OptionKinds<DistributionOptions> = { deterministic: optionKinds.boolean };

const sampleKinds: OptionKinds<SampleOptions> = {
  generator: optionKinds.checkedElsewhere,
  noise: optionKinds.checkedElsewhere,
};

/** Normal distributions with a mean and a log-variance for each latent value; all arithmetic is in float32. */
export class DiagonalGaussianDistribution {
  /** The moments it was made of, float32 [N, 2C, …]: C channels of means, then C of log-variances. */
  readonly parameters: Tensor<"float32">;
  /** Whether the variance is taken as 0, so that every sample is the mean. */
  readonly deterministic: boolean;
  readonly #shape: Shape;
  #mean: Tensor<"float32"> | undefined;
  #logvar: Tensor<"float32"> | undefined;
  #std: Tensor<"float32"> | undefined;
  #var: Tensor<"float32"> | undefined;

  /**
   * @param parameters moments [N, 2C, …]; 16-bit floats are widened to float32.
   * @throws INVALID_ARGUMENT when there is no even, positive number of channels.
   */
  constructor(parameters: Tensor, options: DistributionOptions = {}) {
    checkOptions("DiagonalGaussianDistribution", options, distributionKinds);
    checkTensor(parameters, "DiagonalGaussianDistribution");
    const [batch, channels, ...rest] = parameters.shape;
    if (batch === undefined || channels === undefined || channels === 0 || channels % 2 !== 0) {
      throw invalid(
        `DiagonalGaussianDistribution: expected moments [N, 2C, …], the means' channels and then as many log-variances', found ${formatShape(parameters.shape)}.`,
      );
    }
    this.parameters = parameters.toFloat32();
    this.deterministic = options.deterministic ?? false;
    this.#shape = Object.freeze([batch, channels / 2, ...rest]);
  }

  /** The means, float32 [N, C, …]. */
  get mean(): Tensor<"float32"> {
    return (this.#mean ??= this.#half(0, (value) => value));
  }

  /** The log-variances, clamped to [-30, 20]. */
  get logvar(): Tensor<"float32"> {
    return (this.#logvar ??= this.#half(1, (value) => Math.min(Math.max(value, minLogvar), maxLogvar)));
  }

  /** The standard deviations exp(logvar / 2), or zeros when deterministic. */
  get std(): Tensor<"float32"> {
    return (this.#std ??= this.#spread(0.5));
  }

  /** The variances exp(logvar), or zeros when deterministic. */
  get var(): Tensor<"float32"> {
    return (this.#var ??= this.#spread(1));
  }

  /**
   * One draw, mean + std · noise, float32 [N, C, …].
   *
   * Without a generator or noise it differs from call to call. With a list of generators, each draws one sample
   * of the batch as [1, C, …]; a list of one is that generator for the whole batch, as in diffusers.
   *
   * @throws INVALID_ARGUMENT when both are given, or their number or shape does not fit.
   */
  sample(options: SampleOptions = {}): Tensor<"float32"> {
    checkOptions("sample", options, sampleKinds);
    const noise = this.#noise(options).data;
    const mean = this.mean;
    const std = this.std.data;
    const out = new Float32Array(mean.size);
    // Two roundings, as PyTorch's multiplication and addition.
    for (let i = 0; i < out.length; i++) out[i] = mean.data[i]! + Math.fround(std[i]! * noise[i]!);
    return Tensor.from(out, mean.shape);
  }

  /** The most probable latents: the means. */
  mode(): Tensor<"float32"> {
    return this.mean;
  }

  /**
   * The Kullback-Leibler divergence to `other`, or to the standard normal prior: a sum over everything but the
   * batch, float32 [N], in nats. `[0]` of shape [1] when deterministic, as in diffusers.
   *
   * @throws INVALID_ARGUMENT when the shapes differ.
   */
  kl(other?: DiagonalGaussianDistribution): Tensor<"float32"> {
    if (this.deterministic) return Tensor.zeros([1]);
    const mean = this.mean.data;
    const logvar = this.logvar.data;
    const dims = this.#shape.map((_, axis) => axis).slice(1);
    if (other === undefined) {
      return sumOver(this.#shape, dims, "kl", (i) => {
        return 0.5 * (mean[i]! ** 2 + Math.exp(logvar[i]!) - 1 - logvar[i]!);
      });
    }
    checkDistribution(other, "kl: other");
    checkSameShape(other.#shape, this.#shape, "kl: other");
    const otherMean = other.mean.data;
    const otherLogvar = other.logvar.data;
    const zeroVariance = other.deterministic;
    return sumOver(this.#shape, dims, "kl", (i) => {
      const variance = zeroVariance ? 0 : Math.exp(otherLogvar[i]!);
      const distance = (mean[i]! - otherMean[i]!) ** 2 + Math.exp(logvar[i]!);
      return 0.5 * (distance / variance - 1 - logvar[i]! + otherLogvar[i]!);
    });
  }

  /**
   * The negative log-likelihood of latents `x`, summed over `dims` (default: all but the batch), in nats.
   * `[0]` of shape [1] when deterministic, as in diffusers.
   *
   * @returns float32 in the shape of the dimensions that are left: [N] by default.
   * @throws INVALID_ARGUMENT when x has another shape, or a dimension does not exist.
   */
  nll(x: Tensor, dims?: readonly number[]): Tensor<"float32"> {
    if (this.deterministic) return Tensor.zeros([1]);
    checkTensor(x, "nll: x");
    checkSameShape(x.shape, this.#shape, "nll: x");
    const values = x.toFloat32().data;
    const mean = this.mean.data;
    const logvar = this.logvar.data;
    const all = this.#shape.map((_, axis) => axis).slice(1);
    return sumOver(this.#shape, dims ?? all, "nll", (i) => {
      return 0.5 * (logTwoPi + logvar[i]! + (values[i]! - mean[i]!) ** 2 / Math.exp(logvar[i]!));
    });
  }

  /** Whether the other has the same bits and the same determinism. */
  equals(other: DiagonalGaussianDistribution): boolean {
    if (!((other as unknown) instanceof DiagonalGaussianDistribution)) return false;
    return this.deterministic === other.deterministic && this.parameters.equals(other.parameters);
  }

  /** Shape, range and mean of `mean` and `std`, in one line. */
  toString(): string {
    const { mean, std } = this;
    return `DiagonalGaussianDistribution { mean: ${mean.toString()}, std: ${std.toString()} }`;
  }

  /** What `console.log` shows in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** One half of the channels: 0 the means, 1 the log-variances. */
  #half(which: 0 | 1, map: (value: number) => number): Tensor<"float32"> {
    const [batch = 0] = this.#shape;
    const perSample = sizeOf(this.#shape.slice(1));
    const out = new Float32Array(batch * perSample);
    for (let n = 0; n < batch; n++) {
      const from = (2 * n + which) * perSample;
      for (let i = 0; i < perSample; i++) out[n * perSample + i] = map(this.parameters.data[from + i]!);
    }
    return Tensor.from(out, this.#shape);
  }

  #spread(power: number): Tensor<"float32"> {
    if (this.deterministic) return Tensor.zeros(this.#shape);
    return Tensor.from(
      this.logvar.data.map((logvar) => Math.exp(power * logvar)),
      this.#shape,
    );
  }

  #noise({ generator, noise }: SampleOptions): Tensor<"float32"> {
    if (noise !== undefined) {
      if (generator !== undefined) {
        throw invalid("sample: expected a generator or noise, found both. Leave one out.");
      }
      checkTensor(noise, "sample: noise");
      checkSameShape(noise.shape, this.#shape, "sample: noise");
      return noise.toFloat32();
    }
    if (generator === undefined) return freshGenerator().randn(this.#shape);
    const list: readonly Generator[] = Array.isArray(generator) ? generator : [generator as Generator];
    list.forEach(checkGenerator);
    if (list.length === 1) return list[0]!.randn(this.#shape);
    return this.#noiseOfEach(list);
  }

  #noiseOfEach(generators: readonly Generator[]): Tensor<"float32"> {
    const [batch = 0, ...rest] = this.#shape;
    if (generators.length !== batch) {
      throw invalid(
        `sample: expected one generator, or ${batch}, one for each sample of the batch, found ${generators.length}.`,
      );
    }
    const out = new Float32Array(sizeOf(this.#shape));
    generators.forEach((each, n) => {
      out.set(each.randn([1, ...rest]).data, n * sizeOf(rest));
    });
    return Tensor.from(out, this.#shape);
  }
}

/** @throws INVALID_ARGUMENT unless it is a posterior. */
export function checkDistribution(value: unknown, subject: string): void {
  if (value instanceof DiagonalGaussianDistribution) return;
  throw invalid(`${subject}: expected a DiagonalGaussianDistribution, found ${describeValue(value)}.`);
}

function checkGenerator(value: unknown): void {
  const { expected, fits } = optionKinds.generator;
  if (!fits(value)) throw invalid(`sample: generator: expected ${expected}, found ${describeValue(value)}.`);
}

function freshGenerator(): Generator {
  return new PhiloxGenerator(Math.floor(Math.random() * 2 ** 53));
}

function invalid(message: string): VaekitError {
  return new VaekitError("INVALID_ARGUMENT", message);
}

function checkSameShape(found: Shape, expected: Shape, subject: string): void {
  if (sameShape(found, expected)) return;
  throw invalid(`${subject}: expected shape ${formatShape(expected)}, found ${formatShape(found)}.`);
}
