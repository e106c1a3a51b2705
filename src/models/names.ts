/** How the tensors of a class are called in files of other formats than diffusers' present one. */
import type { Shape } from "../tensor/shape.ts";

/** A class's own; whoever reads files applies them. */
export interface ModelNames {
  /** The present name of a tensor in a folder that an older diffusers wrote. */
  updated(name: string): string;
  /**
   * The names of a single file, which may be diffusers' or those of the class's original repository.
   *
   * @param names all of the file's, since some mean something by their number only.
   * @returns diffusers' name of each.
   */
  ofFile(names: readonly string[]): (name: string) => string;
  /**
   * Where formats keep one tensor in several shapes of the same numbers, the one that the graphs take.
   *
   * @param name diffusers'.
   */
  shape?(name: string, shape: Shape): Shape;
  /**
   * Where a format keeps several tensors as one: their names, each an equal part along the first axis, in order.
   *
   * @param name what {@link ofFile} makes of the one's.
   */
  parts?(name: string): readonly string[] | undefined;
}

export interface NameRule {
  readonly pattern: RegExp;
  /** `$1`, `$2` stand for the pattern's groups, `$reversed` for the level `$2` counted from the other end. */
  readonly replacement: string;
}

/**
 * The name after every rule that matches, from top to bottom.
 *
 * @param levels how many there are, for `$reversed`.
 */
export function applyNameRules(name: string, rules: readonly NameRule[], levels = 0): string {
  let result = name;
  for (const { pattern, replacement } of rules) {
    const match = pattern.exec(result);
    if (match === null) continue;
    const reversed = String(levels - 1 - Number(match[2]));
    result = result.replace(pattern, replacement.replace("$reversed", reversed));
  }
  return result;
}
