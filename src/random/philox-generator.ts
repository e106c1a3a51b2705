/**
 * vaekit's own generator. Every element is a function of (seed, stream, position) alone, so a picture's noise does
 * not depend on which pictures came before it, in which batch, or on which worker. float32 draws have the same
 * bits on every engine; float64 draws and `exponential` lean on the engine's Math.log, Math.sin and Math.cos.
 */
import { BaseGenerator, checkedUint64, scaleUniforms } from "./base-generator.ts";
import { boxMullerFloat32 } from "./float32-math.ts";
import { checkValue, optionKinds } from "../util/check-options.ts";
import { philoxBlock } from "./philox.ts";
import { decodePhiloxState, encodePhiloxState } from "./philox-state.ts";

const wordMask = 0xffffffffn;

/** A counter-based generator; `stream` makes independent ones from the same seed. */
export class PhiloxGenerator extends BaseGenerator {
  #streamId: bigint;
  readonly #words = new Uint32Array(4);
  readonly #pair = new Float32Array(4);
  /** The first block that no draw has used; every draw starts at a whole block. */
  #nextBlock = 0;

  constructor(seed: number | bigint, streamId: number | bigint = 0) {
    super(seed);
    this.#streamId = checkedUint64(streamId, "stream");
  }

  /** Which of the seed's 2^64 streams this generator reads. */
  get streamId(): bigint {
    return this.#streamId;
  }

  override state(): Uint8Array {
    return encodePhiloxState({ seed: this.seed, streamId: this.#streamId, nextBlock: this.#nextBlock });
  }

  override setState(bytes: Uint8Array): void {
    checkValue("setState", bytes, optionKinds.bytes);
    const state = decodePhiloxState(bytes);
    this.seed = state.seed;
    this.#streamId = state.streamId;
    this.#nextBlock = state.nextBlock;
  }

  /** A new generator at the start of the stream `id` of the same seed, whatever this one has drawn. */
  stream(id: number | bigint): PhiloxGenerator {
    return new PhiloxGenerator(this.seed, checkedUint64(id, "stream"));
  }

  override fillUniform(out: Float32Array, low = 0, high = 1): void {
    checkValue("fillUniform", out, optionKinds.floats);
    this.#eachBlock(out.length, 4, (words, start, count) => {
      for (let i = 0; i < count; i++) out[start + i] = (words[i]! >>> 8) * 2 ** -24;
    });
    scaleUniforms(out, low, high);
  }

  override fillNormal(out: Float32Array, mean = 0, std = 1): void {
    checkValue("fillNormal", out, optionKinds.floats);
    const floatMean = Math.fround(mean);
    const floatStd = Math.fround(std);
    const four = this.#pair;
    this.#eachBlock(out.length, 4, (words, start, count) => {
      for (let i = 0; i < 4; i += 2) {
        // 2^-32 to 1, both included: the logarithm stays finite and the tails reach 6.6 standard deviations.
        const radiusUniform = Math.fround((words[i]! + 1) * 2 ** -32);
        const angleUniform = (words[i + 1]! >>> 8) * 2 ** -24;
        boxMullerFloat32(radiusUniform, angleUniform, floatMean, floatStd, four, i, i + 1);
      }
      for (let i = 0; i < count; i++) out[start + i] = four[i]!;
    });
  }

  protected override fillUniformFloat64(out: Float64Array): void {
    this.#eachBlock(out.length, 2, (words, start, count) => {
      for (let i = 0; i < count; i++) out[start + i] = float64Of(words, i);
    });
  }

  protected override fillNormalFloat64(out: Float64Array): void {
    this.#eachBlock(out.length, 2, (words, start, count) => {
      const radius = Math.sqrt(-2 * Math.log(1 - float64Of(words, 0)));
      const angle = 2 * Math.PI * float64Of(words, 1);
      out[start] = radius * Math.cos(angle);
      if (count > 1) out[start + 1] = radius * Math.sin(angle);
    });
  }

  protected override fillIntegers(out: BigInt64Array, low: bigint, range: bigint): void {
    this.#eachBlock(out.length, 2, (words, start, count) => {
      for (let i = 0; i < count; i++) {
        const wide = (BigInt(words[2 * i]!) << 32n) | BigInt(words[2 * i + 1]!);
        out[start + i] = (wide % range) + low;
      }
    });
  }

  protected override fillSwaps(out: Float64Array): void {
    this.fillUniformFloat64(out);
    for (let i = 0; i < out.length; i++) out[i] = Math.floor(out[i]! * (out.length - i));
  }

  /** Calls `use` with the four words of each block that `length` elements need, `perBlock` elements each. */
  #eachBlock(
    length: number,
    perBlock: number,
    use: (words: Uint32Array, start: number, count: number) => void,
  ): void {
    const words = this.#words;
    const seedLow = Number(this.seed & wordMask);
    const seedHigh = Number(this.seed >> 32n);
    const streamLow = Number(this.streamId & wordMask);
    const streamHigh = Number(this.streamId >> 32n);
    for (let start = 0; start < length; start += perBlock) {
      const block = this.#nextBlock++;
      philoxBlock(words, seedLow, seedHigh, block >>> 0, (block / 2 ** 32) >>> 0, streamLow, streamHigh);
      use(words, start, Math.min(perBlock, length - start));
    }
  }
}

/** 53 of the 64 bits of a pair of words, as a double in [0, 1). */
function float64Of(words: Uint32Array, pairIndex: number): number {
  const high = words[2 * pairIndex]! >>> 11;
  return (high * 2 ** 32 + words[2 * pairIndex + 1]!) * 2 ** -53;
}
