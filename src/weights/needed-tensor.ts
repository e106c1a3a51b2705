/** What a tensor must be where its numbers are needed: a checkpoint may hold anything beside the model's own. */
import { VaekitError } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";
import type { FoundTensor, StoredTensor } from "../tensor/stored-tensor.ts";
import { readableDTypes, storedDTypes } from "./safetensors-dtypes.ts";
import { quote } from "../util/printable.ts";

/** @throws INVALID_FILE when vaekit has no arrays for its dtype. */
export function readableTensor(found: FoundTensor): StoredTensor {
  if (found.dtype !== undefined) return found;
  throw wrongDType(found, [...readableDTypes.keys()]);
}

const isFloat: { readonly [D in DType]: boolean } = {
  float64: true,
  float32: true,
  bfloat16: true,
  float16: true,
  int64: false,
  uint8: false,
};

/**
 * A weight: floating-point numbers.
 *
 * @throws INVALID_FILE when it is of another dtype, read or not: quantised weights mean nothing without their scales.
 */
export function floatTensor(found: FoundTensor): StoredTensor {
  if (found.dtype !== undefined && isFloat[found.dtype]) return found;
  const floats = (Object.keys(storedDTypes) as DType[]).filter((dtype) => isFloat[dtype]);
  throw wrongDType(
    found,
    floats.map((dtype) => storedDTypes[dtype]),
  );
}

function wrongDType(found: FoundTensor, expected: readonly string[]): VaekitError {
  const dtype = found.dtype === undefined ? found.storedDType : storedDTypes[found.dtype];
  return new VaekitError(
    "INVALID_FILE",
    `${found.source.name}: tensor ${quote(found.name)}: expected one of the dtypes ${expected.join(", ")}, found ${dtype}. ` +
      "Save it as one of these.",
  );
}
