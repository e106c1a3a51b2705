/** Host tensors: a dtype, a shape and a typed array in row-major order. They hold numbers and compute none. */
import { VaekitError } from "../errors.ts";
import { describeValue } from "../util/describe-value.ts";
import { arrayOf, bytesPerElement, dtypeOfArray, dtypes, type DataOf, type DType } from "./dtype.ts";
import { float32ToHalves, halvesToFloat32 } from "./half.ts";
import { summarize } from "./print.ts";
import { checkShape, formatShape, sameShape, sizeOf, type Shape } from "./shape.ts";

/**
 * A dense tensor in host memory.
 *
 * The shape and the dtype never change; `data` is the caller's own typed array, not a copy, so that large
 * images cross no memory twice. `float16` and `bfloat16` hold their bits in a `Uint16Array`.
 */
export class Tensor<D extends DType = DType> {
  /** The dtype of its elements. */
  readonly dtype: D;
  /** The sizes of its dimensions; [] for a scalar. */
  readonly shape: Shape;
  /** Its elements in row-major order; float16 and bfloat16 as their bits. */
  readonly data: DataOf<D>;

  private constructor(dtype: D, shape: Shape, data: DataOf<D>) {
    this.dtype = dtype;
    this.shape = Object.freeze([...shape]);
    this.data = data;
  }

  /**
   * Wraps a typed array. The dtype follows from the array's class; a `Uint16Array` has two readings
   * (float16, bfloat16), so it needs `dtype`.
   *
   * @throws INVALID_ARGUMENT when the data does not fill the shape, or is not of that dtype.
   */
  static from(data: Float32Array, shape: Shape): Tensor<"float32">;
  static from(data: Float64Array, shape: Shape): Tensor<"float64">;
  static from(data: BigInt64Array, shape: Shape): Tensor<"int64">;
  static from(data: Uint8Array, shape: Shape): Tensor<"uint8">;
  static from<D extends DType>(data: DataOf<D>, shape: Shape, dtype: D): Tensor<D>;
  static from(data: DataOf<DType>, shape: Shape, dtype?: DType): Tensor {
    const found = dtype ?? dtypeOfArray(data);
    if (found !== undefined) checkDType(found, "Tensor.from");
    const array = found === undefined ? undefined : arrayOf(data, found);
    if (found === undefined || array === undefined) {
      const expected =
        found === undefined
          ? 'a Float32Array, Float64Array, BigInt64Array or Uint8Array, or a Uint16Array with its dtype ("float16" or "bfloat16")'
          : `a ${dtypes[found].array.name} for dtype ${found}`;
      const message = `Tensor.from: expected ${expected}, found ${describeValue(data)}.`;
      throw new VaekitError("INVALID_ARGUMENT", message);
    }
    checkShape(shape, "Tensor.from");
    if (sizeOf(shape) !== array.length) {
      const detached = isDetached(array.buffer) ? " of a buffer that was transferred away" : "";
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `Tensor.from: expected ${sizeOf(shape)} elements for shape ${formatShape(shape)}, found ${array.length}${detached}.`,
      );
    }
    return new Tensor(found, shape, array);
  }

  /** A tensor of zeros. */
  static zeros<D extends DType = "float32">(shape: Shape, dtype = "float32" as D): Tensor<D> {
    checkShape(shape, "Tensor.zeros");
    checkDType(dtype, "Tensor.zeros");
    return new Tensor(dtype, shape, new dtypes[dtype].array(sizeOf(shape)) as DataOf<D>);
  }

  /** The number of elements. */
  get size(): number {
    return this.data.length;
  }

  /** The number of bytes of `data`. */
  get byteLength(): number {
    return this.data.length * bytesPerElement(this.dtype);
  }

  /** The bytes of `data`, little-endian as on every platform that runs JavaScript today; no copy. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.data.buffer, this.data.byteOffset, this.data.byteLength);
  }

  /** The same data under another shape of the same size; no copy. */
  reshape(shape: Shape): Tensor<D> {
    checkShape(shape, "reshape");
    if (sizeOf(shape) !== this.size) {
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `reshape: expected a shape of ${this.size} elements to replace ${formatShape(this.shape)}, found ${formatShape(shape)}.`,
      );
    }
    return new Tensor(this.dtype, shape, this.data);
  }

  /** The values as float32: itself when it is float32 already, a converted copy otherwise. */
  toFloat32(): Tensor<"float32"> {
    return asFloat32(this);
  }

  /** The values rounded to another float dtype (nearest, ties to even). */
  toFloat(dtype: "float32" | "float16" | "bfloat16"): Tensor<"float32" | "float16" | "bfloat16"> {
    if (!["float32", "float16", "bfloat16"].includes(dtype)) {
      const message = `toFloat: expected "float32", "float16" or "bfloat16", found ${describeValue(dtype)}.`;
      throw new VaekitError("INVALID_ARGUMENT", message);
    }
    return asFloat(this, dtype);
  }

  /** Whether dtype, shape and every bit are the same. */
  equals(other: Tensor): boolean {
    if (
      !((other as unknown) instanceof Tensor) ||
      this.dtype !== other.dtype ||
      !sameShape(this.shape, other.shape)
    )
      return false;
    const theirs = other.bytes;
    return this.bytes.every((byte, i) => byte === theirs[i]);
  }

  /** Class, dtype, shape and range in one line. */
  toString(): string {
    return summarize(this);
  }

  /** What `console.log` shows in Node: the class, dtype, shape and range instead of the numbers. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return summarize(this);
  }
}

function checkDType(dtype: unknown, subject: string): void {
  if (typeof dtype === "string" && Object.hasOwn(dtypes, dtype)) return;
  const names = Object.keys(dtypes).join(", ");
  const message = `${subject}: expected a dtype (${names}), found ${describeValue(dtype)}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    return new Uint8Array(buffer).length < 0;
  } catch {
    return true;
  }
}

/** Narrows a tensor to one dtype. */
export function isDType<D extends DType>(tensor: Tensor, dtype: D): tensor is Tensor<D> {
  return tensor.dtype === dtype;
}

function asFloat32(tensor: Tensor): Tensor<"float32"> {
  if (isDType(tensor, "float32")) return tensor;
  if (isDType(tensor, "float16") || isDType(tensor, "bfloat16")) {
    return Tensor.from(halvesToFloat32(tensor.data, tensor.dtype), tensor.shape);
  }
  return Tensor.from(Float32Array.from(tensor.data as ArrayLike<number | bigint>, Number), tensor.shape);
}

function asFloat<D extends "float32" | "float16" | "bfloat16">(tensor: Tensor, dtype: D): Tensor<D>;
function asFloat(tensor: Tensor, dtype: "float32" | "float16" | "bfloat16"): Tensor {
  if (isDType(tensor, dtype)) return tensor;
  const single = asFloat32(tensor);
  return dtype === "float32" ? single : Tensor.from(float32ToHalves(single.data, dtype), tensor.shape, dtype);
}
