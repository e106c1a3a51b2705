/** Shapes: lists of non-negative integers, outermost dimension first. */
import { VaekitError } from "../errors.ts";
import { describeValue } from "../util/describe-value.ts";

/** The dimensions of a tensor, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** The number of elements of a tensor of this shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** `[1, 3, 64, 64]`, as messages show it. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

/** @throws INVALID_ARGUMENT unless every dimension is a non-negative integer. */
export function checkShape(shape: Shape, subject: string): void {
  if (!Array.isArray(shape)) {
    const message = `${subject}: expected a shape as an array of integers, found ${describeValue(shape)}.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  // By index, which also finds holes and undefined.
  const bad = (shape as Shape).findIndex((dimension) => !Number.isSafeInteger(dimension) || dimension < 0);
  if (bad < 0) return;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `${subject}: expected a shape of non-negative integers, found [${shape.map(describeValue).join(", ")}].`,
  );
}
