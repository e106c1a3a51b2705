/** `toBeAllclose`: numeric comparison that says how far off, and where. */
import { expect } from "vitest";
import { Tensor } from "../src/tensor/tensor.ts";

export interface Tolerance {
  /** Largest allowed |actual - expected| where expected is 0. */
  absolute?: number;
  /** Allowed |actual - expected| per |expected|, added to `absolute`. */
  relative?: number;
}

interface CustomMatchers<R = unknown> {
  toBeAllclose(expected: Tensor | ArrayLike<number>, tolerance?: Tolerance): R;
}

declare module "vitest" {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-empty-object-type -- vitest's own declaration, which a merge must repeat
  interface Matchers<T = any> extends CustomMatchers<T> {}
}

function numbersOf(value: Tensor | ArrayLike<number>): { data: ArrayLike<number>; shape: readonly number[] } {
  if (value instanceof Tensor) return { data: value.toFloat32().data, shape: value.shape };
  return { data: value, shape: [value.length] };
}

expect.extend({
  toBeAllclose(
    received: Tensor | ArrayLike<number>,
    expected: Tensor | ArrayLike<number>,
    { absolute = 1e-6, relative = 0 }: Tolerance = {},
  ) {
    const a = numbersOf(received);
    const b = numbersOf(expected);
    if (a.shape.join() !== b.shape.join()) {
      return {
        pass: false,
        message: () => `expected shape [${b.shape.join(", ")}], found [${a.shape.join(", ")}]`,
      };
    }
    let worst = -1;
    let worstExcess = -Infinity;
    for (let i = 0; i < b.data.length; i++) {
      const difference = Math.abs(a.data[i]! - b.data[i]!);
      const excess = difference - (absolute + relative * Math.abs(b.data[i]!));
      if (Number.isNaN(excess) && !(Number.isNaN(a.data[i]!) && Number.isNaN(b.data[i]!))) {
        worst = i;
        worstExcess = Infinity;
        break;
      }
      if (excess > worstExcess) {
        worst = i;
        worstExcess = excess;
      }
    }
    const found = a.data[worst] ?? NaN;
    const wanted = b.data[worst] ?? NaN;
    return {
      pass: worstExcess <= 0 || b.data.length === 0,
      message: () =>
        `expected all within ${absolute} + ${relative}·|expected|; worst at element ${worst}: ` +
        `found ${found}, expected ${wanted}, |Δ| = ${Math.abs(found - wanted)}`,
    };
  },
});
