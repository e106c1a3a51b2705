/**
 * PyTorch's CPU generator: the same seed gives the same bits.
 *
 * The algorithms are those of PyTorch 2.13; float32 draws have not changed since 1.13, 16-bit draws and the
 * integers of wide ranges have. The bits are those of x86-64 machines with AVX2 (profile "torch-cpu-avx2"); PyTorch itself differs by up to
 * 2e-6 in randn elsewhere (Apple silicon, no AVX2). In float64 randn may differ in the last bit, because Math.log,
 * Math.sin and Math.cos belong to the engine.
 *
 * @see PyTorch, aten/src/ATen/native/cpu/DistributionTemplates.h and core/DistributionsHelper.h
 */
import { BaseGenerator, scaleUniforms } from "./base-generator.ts";
import { boxMullerFloat32 } from "./float32-math.ts";
import { checkValue, optionKinds } from "../util/check-options.ts";
import { Mt19937 } from "./mt19937.ts";
import { decodeTorchState, encodeTorchState } from "./torch-state.ts";

/** Below this many elements PyTorch draws normals one by one, in double. */
const blockSize = 16;
/** From this range on PyTorch spends 64 bits per integer, so that the modulo stays nearly fair. */
const wideRange = 2n ** 28n;

const twoPi = 2 * Math.PI;

/** Draws what `torch.Generator("cpu").manual_seed(seed)` draws. */
export class TorchGenerator extends BaseGenerator {
  readonly #engine: Mt19937;
  /** The sine half of the last one-by-one pair; it survives every other kind of draw, as in PyTorch. */
  #cachedNormal: number | undefined;

  constructor(seed: number | bigint) {
    super(seed);
    this.#engine = new Mt19937(Number(this.seed & 0xffffffffn));
  }

  /** The 5056 bytes that `torch.get_rng_state()` gives after the same draws. */
  override state(): Uint8Array {
    return encodeTorchState({ ...this.#engine.state, seed: this.seed, cachedNormal: this.#cachedNormal });
  }

  /** Also takes what `torch.get_rng_state()` gave (on the CPU). */
  override setState(bytes: Uint8Array): void {
    checkValue("setState", bytes, optionKinds.bytes);
    const state = decodeTorchState(bytes);
    this.seed = state.seed;
    this.#engine.state = state;
    this.#cachedNormal = state.cachedNormal;
  }

  override fillUniform(out: Float32Array, low = 0, high = 1): void {
    checkValue("fillUniform", out, optionKinds.floats);
    this.#fillUnit(out, 0, out.length);
    scaleUniforms(out, low, high);
  }

  override fillNormal(out: Float32Array, mean = 0, std = 1): void {
    checkValue("fillNormal", out, optionKinds.floats);
    if (out.length < blockSize) {
      for (let i = 0; i < out.length; i++) out[i] = this.#nextNormal() * std + mean;
      return;
    }
    this.#fillBlocks(out, (start, end) => {
      this.#fillUnit(out, start, end);
      const floatMean = Math.fround(mean);
      const floatStd = Math.fround(std);
      for (let block = start; block + blockSize <= end; block += blockSize) {
        for (let j = block; j < block + 8; j++) {
          boxMullerFloat32(1 - out[j]!, out[j + 8]!, floatMean, floatStd, out, j, j + 8);
        }
      }
    });
  }

  protected override fillUniformFloat64(out: Float64Array): void {
    for (let i = 0; i < out.length; i++) out[i] = this.#engine.nextFloat64();
  }

  protected override fillNormalFloat64(out: Float64Array): void {
    if (out.length < blockSize) {
      for (let i = 0; i < out.length; i++) out[i] = this.#nextNormal();
      return;
    }
    this.#fillBlocks(out, (start, end) => {
      for (let i = start; i < end; i++) out[i] = this.#engine.nextFloat64();
      for (let block = start; block + blockSize <= end; block += blockSize) {
        for (let j = block; j < block + 8; j++) {
          const radius = Math.sqrt(-2 * Math.log(1 - out[j]!));
          const angle = twoPi * out[j + 8]!;
          out[j] = radius * Math.cos(angle);
          out[j + 8] = radius * Math.sin(angle);
        }
      }
    });
  }

  /** PyTorch's 16-bit path draws no uniforms for the unfinished block, unlike its float32 path. */
  protected override fillNormalToRound(out: Float32Array): void {
    const rest = out.length < blockSize ? 0 : out.length % blockSize;
    this.fillNormal(out.subarray(0, out.length - rest));
    if (rest > 0) this.fillNormal(out.subarray(out.length - blockSize));
  }

  protected override fillIntegers(out: BigInt64Array, low: bigint, range: bigint): void {
    if (range >= wideRange) {
      for (let i = 0; i < out.length; i++) out[i] = (this.#engine.nextUint64() % range) + low;
      return;
    }
    const modulus = Number(range);
    for (let i = 0; i < out.length; i++) out[i] = BigInt(this.#engine.nextUint32() % modulus) + low;
  }

  protected override fillSwaps(out: Float64Array): void {
    for (let i = 0; i < out.length - 1; i++) out[i] = this.#engine.nextUint32() % (out.length - i);
  }

  #fillUnit(out: Float32Array, start: number, end: number): void {
    const engine = this.#engine;
    for (let i = start; i < end; i++) out[i] = (engine.nextUint32() & 0xffffff) * 2 ** -24;
  }

  /** All whole blocks of 16, then the last 16 elements once more when the length is not a multiple. */
  #fillBlocks(out: { readonly length: number }, fill: (start: number, end: number) => void): void {
    fill(0, out.length);
    if (out.length % blockSize !== 0) fill(out.length - blockSize, out.length);
  }

  #nextNormal(): number {
    const cached = this.#cachedNormal;
    this.#cachedNormal = undefined;
    if (cached !== undefined) return cached;
    const angle = twoPi * this.#engine.nextFloat64();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#engine.nextFloat64()));
    this.#cachedNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}
