/** How large a recipe can be: far above any real one, and far below what takes a program's memory or stack. */
import { VaekitError } from "../errors.ts";

/** Lists and sections inside each other. Real recipes have 4. */
export const maxDepth = 32;
/** Keys and values of a file. Real recipes have a hundred. */
export const maxValues = 10_000;

/**
 * Checks a plain object before anything walks through it by recursion.
 *
 * @throws INVALID_CONFIG when it contains itself, is nested deeper than {@link maxDepth}, or has more than
 *   {@link maxValues} values.
 */
export function checkBounds(recipe: unknown, subject: string): void {
  let values = 0;
  const open = [{ value: recipe, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    values += 1;
    if (depth > maxDepth) {
      fail(subject, `at most ${maxDepth} levels of nesting, found more, or a value that contains itself`);
    }
    if (values > maxValues) fail(subject, `at most ${maxValues} values, found more`);
    if (typeof value !== "object" || value === null) continue;
    for (const child of Object.values(value)) open.push({ value: child as unknown, depth: depth + 1 });
  }
}

function fail(subject: string, detail: string): never {
  throw new VaekitError("INVALID_CONFIG", `${subject}: expected a recipe with ${detail}.`);
}
