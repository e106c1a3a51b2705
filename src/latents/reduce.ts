/** Sums of a tensor's elements over some of its dimensions, in double. */
import { VaekitError } from "../errors.ts";
import { formatShape, sizeOf, type Shape } from "../tensor/shape.ts";
import { checkValue, type OptionKind } from "../util/check-options.ts";
import { Tensor } from "../tensor/tensor.ts";

const listOfNumbers: OptionKind = {
  expected: "a list of numbers",
  fits: (value) => Array.isArray(value) && value.every((each) => typeof each === "number"),
};

/**
 * Sums `term(i)`, i the row-major index, over `dims` of `shape`.
 *
 * @param dims negative ones count from the end; an empty list sums nothing.
 * @returns float32 in the shape of the dimensions that are left.
 * @throws INVALID_ARGUMENT when a dimension does not exist or comes twice.
 */
export function sumOver(
  shape: Shape,
  dims: readonly number[],
  subject: string,
  term: (index: number) => number,
): Tensor<"float32"> {
  checkValue(`${subject}: dimensions`, dims, listOfNumbers);
  const rank = shape.length;
  const summed = new Set(dims.map((dim) => (dim < 0 ? dim + rank : dim)));
  const exists = (dim: number): boolean => Number.isInteger(dim) && dim >= 0 && dim < rank;
  if (summed.size !== dims.length || ![...summed].every(exists)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${subject}: expected different dimensions of ${formatShape(shape)}, found ${formatShape(dims)}.`,
    );
  }
  const kept = shape.filter((_, axis) => !summed.has(axis));
  const sums = new Float64Array(sizeOf(kept));
  const strides = outputStrides(shape, summed);
  const position = new Array<number>(rank).fill(0);
  const size = sizeOf(shape);
  let target = 0;
  for (let i = 0; i < size; i++) {
    sums[target]! += term(i);
    // Counts up the position, last dimension first, and moves `target` along.
    for (let axis = rank - 1; axis >= 0; axis--) {
      position[axis]!++;
      target += strides[axis]!;
      if (position[axis]! < shape[axis]!) break;
      target -= strides[axis]! * shape[axis]!;
      position[axis] = 0;
    }
  }
  return Tensor.from(Float32Array.from(sums), kept);
}

/** How far one step along each dimension moves in the output: 0 along those that are summed. */
function outputStrides(shape: Shape, summed: ReadonlySet<number>): number[] {
  const strides = new Array<number>(shape.length).fill(0);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (summed.has(axis)) continue;
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}
