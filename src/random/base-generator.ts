/** What every generator offers: checked arguments and tensors around a handful of ways to fill an array. */
import { VaekitError } from "../errors.ts";
import { float32ToHalves } from "../tensor/half.ts";
import { checkShape, formatShape, sizeOf, type Shape } from "../tensor/shape.ts";
import { isDType, Tensor } from "../tensor/tensor.ts";
import { fusedMultiplyAdd } from "./float32-math.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { checkValue, optionKinds } from "../util/check-options.ts";
import { describeValue } from "../util/describe-value.ts";
import { quote } from "../util/printable.ts";

/** The dtypes that random real numbers come in. */
export type FloatDType = "float32" | "float64" | "float16" | "bfloat16";

/** A source of random tensors. Its draws depend on its seed and on the draws before, and on nothing else. */
export abstract class BaseGenerator {
  #seed: bigint;

  protected constructor(seed: number | bigint) {
    this.#seed = checkedUint64(seed, "seed");
  }

  /** The seed, as an unsigned 64-bit integer. */
  get seed(): bigint {
    return this.#seed;
  }

  /** What a restored state was seeded with. */
  protected set seed(seed: bigint) {
    this.#seed = seed;
  }

  /** Where this generator stands, as bytes for a checkpoint. */
  abstract state(): Uint8Array;
  /**
   * Goes on where the generator stood whose `state` these bytes are, whatever seed this one had.
   *
   * @throws INVALID_ARGUMENT when they are not the state of a generator of this kind.
   */
  abstract setState(bytes: Uint8Array): void;

  /** Fills `out` with float32 uniforms in [low, high). */
  abstract fillUniform(out: Float32Array, low?: number, high?: number): void;
  /** Fills `out` with float32 normals. */
  abstract fillNormal(out: Float32Array, mean?: number, std?: number): void;
  /** Fills `out` with doubles in [0, 1). */
  protected abstract fillUniformFloat64(out: Float64Array): void;
  protected abstract fillNormalFloat64(out: Float64Array): void;
  /** Fills `out` with standard normals that the caller rounds to 16 bits. */
  protected fillNormalToRound(out: Float32Array): void {
    this.fillNormal(out);
  }
  protected abstract fillIntegers(out: BigInt64Array, low: bigint, range: bigint): void;
  /** Sets out[i] to a whole number in [0, out.length - i): the swaps of a shuffle. */
  protected abstract fillSwaps(out: Float64Array): void;

  /** Standard normal numbers. */
  randn<D extends FloatDType = "float32">(shape: Shape, dtype = "float32" as D): Tensor<D> {
    const out: Tensor = this.#empty(shape, dtype, "randn");
    if (isDType(out, "float32")) this.fillNormal(out.data, 0, 1);
    else if (isDType(out, "float64")) this.fillNormalFloat64(out.data);
    else if (isDType(out, "float16") || isDType(out, "bfloat16")) {
      // Drawn in float32 and rounded, as PyTorch does since 2.13: 16-bit uniforms would cut the tails off.
      const floats = new Float32Array(out.size);
      this.fillNormalToRound(floats);
      out.data.set(float32ToHalves(floats, out.dtype));
    }
    return out as Tensor<D>;
  }

  /** Uniform numbers in [0, 1). */
  rand<D extends FloatDType = "float32">(shape: Shape, dtype = "float32" as D): Tensor<D> {
    const out: Tensor = this.#empty(shape, dtype, "rand");
    if (isDType(out, "float32")) this.fillUniform(out.data, 0, 1);
    else if (isDType(out, "float64")) this.fillUniformFloat64(out.data);
    else if (isDType(out, "float16") || isDType(out, "bfloat16")) {
      const one = out.dtype === "float16" ? 0x3c00 : 0x3f80;
      // Rounding may reach 1, which lies outside [0, 1); PyTorch turns it into 0.
      out.data.set(
        float32ToHalves(this.rand(shape).data, out.dtype).map((bits) => (bits === one ? 0 : bits)),
      );
    }
    return out as Tensor<D>;
  }

  /** Uniform float32 in [low, high). */
  uniform(shape: Shape, low: number, high: number): Tensor<"float32"> {
    const ordered = Number.isFinite(low) && Number.isFinite(high) && low <= high;
    check(
      ordered,
      `uniform: expected finite low <= high, found ${describeValue(low)} and ${describeValue(high)}.`,
    );
    const out = this.#empty(shape, "float32", "uniform");
    this.fillUniform(out.data, low, high);
    return out;
  }

  /** Normal float32 with the given mean and standard deviation. */
  normal(shape: Shape, mean: number, std: number): Tensor<"float32"> {
    const valid = Number.isFinite(mean) && Number.isFinite(std) && std >= 0;
    check(
      valid,
      `normal: expected a finite mean and a finite std >= 0, found ${describeValue(mean)} and ${describeValue(std)}.`,
    );
    const out = this.#empty(shape, "float32", "normal");
    this.fillNormal(out.data, mean, std);
    return out;
  }

  /** Whole numbers in [low, high), as int64. */
  randint(low: number | bigint, high: number | bigint, shape: Shape): Tensor<"int64"> {
    const from = checkedInt64(low, "randint: low");
    const to = checkedInt64(high, "randint: high");
    check(from < to, `randint: expected low < high, found ${from} and ${to}.`);
    const out = this.#empty(shape, "int64", "randint");
    this.fillIntegers(out.data, from, to - from);
    return out;
  }

  /** The numbers 0 to n - 1 in random order, as int64 [n]. */
  randperm(n: number): Tensor<"int64"> {
    const out = this.#empty([n], "int64", "randperm");
    const order = Float64Array.from({ length: n }, (_, i) => i);
    const swaps = new Float64Array(n);
    this.fillSwaps(swaps);
    for (let i = 0; i < n - 1; i++) {
      const other = i + swaps[i]!;
      const moved = order[i]!;
      order[i] = order[other]!;
      order[other] = moved;
    }
    for (let i = 0; i < n; i++) out.data[i] = BigInt(order[i]!);
    return out;
  }

  /**
   * Float32 zeros and ones; a one has probability `p`.
   *
   * @param p one probability for all elements of `shape`, or a tensor with one for each element.
   */
  bernoulli(p: Tensor): Tensor<"float32">;
  bernoulli(p: number, shape: Shape): Tensor<"float32">;
  bernoulli(p: number | Tensor, shape?: Shape): Tensor<"float32"> {
    if (typeof p !== "number") checkTensor(p, "bernoulli: p");
    const probabilities = typeof p === "number" ? Float32Array.of(p) : p.toFloat32().data;
    const bad = probabilities.find((probability) => !(probability >= 0 && probability <= 1));
    check(bad === undefined, `bernoulli: expected probabilities in [0, 1], found ${bad ?? NaN}.`);
    const out = this.#empty(shape ?? (p as Tensor).shape, "float32", "bernoulli");
    this.fillUniform(out.data, 0, 1);
    const stride = typeof p === "number" ? 0 : 1;
    for (let i = 0; i < out.size; i++) out.data[i] = out.data[i]! < probabilities[i * stride]! ? 1 : 0;
    return out;
  }

  /** Exponential float32 of rate `lambda`. */
  exponential(shape: Shape, lambda = 1): Tensor<"float32"> {
    checkValue("exponential: lambda", lambda, optionKinds.aboveZero);
    const out = this.#empty(shape, "float32", "exponential");
    const uniforms = new Float64Array(out.size);
    this.fillUniformFloat64(uniforms);
    for (let i = 0; i < out.size; i++) out.data[i] = (-1 / lambda) * Math.log(1 - uniforms[i]!);
    return out;
  }

  #empty<D extends FloatDType | "int64">(shape: Shape, dtype: D, subject: string): Tensor<D> {
    checkShape(shape, subject);
    check(Number.isSafeInteger(sizeOf(shape)), `${subject}: the shape ${formatShape(shape)} is too large.`);
    const known = ["float32", "float64", "float16", "bfloat16", "int64"].includes(dtype);
    check(known, `${subject}: expected a float dtype, found ${quote(dtype)}.`);
    return Tensor.zeros(shape, dtype);
  }
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new VaekitError("INVALID_ARGUMENT", message);
}

function integerOf(value: number | bigint, subject: string): bigint {
  const whole = typeof value === "bigint" || Number.isSafeInteger(value);
  check(whole, `${subject}: expected a whole number (a bigint beyond 2^53), found ${describeValue(value)}.`);
  return BigInt(value);
}

function checkedInt64(value: number | bigint, subject: string): bigint {
  const integer = integerOf(value, subject);
  check(BigInt.asIntN(64, integer) === integer, `${subject}: expected a 64-bit integer, found ${integer}.`);
  return integer;
}

/** Moves uniforms from [0, 1) to [low, high), all in float32; what rounds up to `high` becomes `low`, as in PyTorch. */
export function scaleUniforms(units: Float32Array, low: number, high: number): void {
  const from = Math.fround(low);
  const to = Math.fround(high);
  const range = Math.fround(to - from);
  if (from === 0 && range === 1) return;
  for (let i = 0; i < units.length; i++) {
    const value = fusedMultiplyAdd(units[i]!, range, from);
    units[i] = value === to ? from : value;
  }
}

/** Reads a 64-bit integer, signed or unsigned, as unsigned: PyTorch's seed -1 is 2^64 - 1. */
export function checkedUint64(value: number | bigint, subject: string): bigint {
  const integer = integerOf(value, subject);
  const fits = integer >= -(2n ** 63n) && integer < 2n ** 64n;
  check(fits, `${subject}: expected an integer of 64 bits, found ${integer}.`);
  return BigInt.asUintN(64, integer);
}
