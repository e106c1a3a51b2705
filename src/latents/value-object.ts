/**
 * Value objects: results with named, typed, read-only fields, as Python's frozen dataclasses are.
 *
 * Fields are read by name (`const { sample } = output`); diffusers' access by position is left out, because
 * TypeScript cannot check it. A field may be null, as None is there, and print leaves it out. Freezing is shallow:
 * a tensor's numbers remain the caller's. `toJSON` describes tensors in a line, because results are logged as
 * JSON and stored as safetensors.
 */

import { checkValue, optionKinds } from "../util/check-options.ts";

/** The fields of a value object, without its methods. */
export type FieldsOf<T> = {
  readonly [
    K in Exclude<keyof T, keyof ValueObject> as T[K] extends (...args: never[]) => unknown ? never : K
  ]: T[K];
};

/**
 * The base of every result. A subclass declares its fields with `declare readonly` (so that no initialiser
 * overwrites them) and hands them to `super`:
 *
 * ```ts
 * class TimedOutput extends DecoderOutput {
 *   declare readonly durationMs: number;
 *   constructor(fields: DecoderOutputFields & { durationMs: number }) { super(fields); }
 * }
 * ```
 */
export abstract class ValueObject {
  protected constructor(fields: object) {
    Object.assign(this, fields);
    Object.freeze(this);
  }

  /** A copy with some fields replaced. */
  with(changes: Partial<FieldsOf<this>>): this {
    checkValue(`${this.constructor.name}.with`, changes, optionKinds.object);
    const construct = this.constructor as new (fields: object) => this;
    return new construct(Object.assign({}, this, changes));
  }

  /** Whether `other` is of the same class and every field has an equal value. */
  equals(other: unknown): boolean {
    if (other === this) return true;
    if (!(other instanceof ValueObject) || other.constructor !== this.constructor) return false;
    const theirs = new Map(Object.entries(other));
    const ours = Object.entries(this);
    return (
      ours.length === theirs.size &&
      ours.every(([name, value]) => theirs.has(name) && sameValue(value, theirs.get(name)))
    );
  }

  /** `DecoderOutput { sample: Tensor float32 [1, 3, 64, 64], -1 … 1, mean 0 }`, without the fields that are null. */
  toString(): string {
    const shown = Object.entries(this).filter(([, value]) => value !== null && value !== undefined);
    const fields = shown.map(([name, value]) => `${name}: ${String(value)}`).join(", ");
    return `${this.constructor.name} { ${fields} }`;
  }

  /** The fields with every object described in one line. */
  toJSON(): Record<string, unknown> {
    const entries = Object.entries(this).map(([name, value]): [string, unknown] => [name, described(value)]);
    return Object.fromEntries(entries);
  }

  /** What `console.log` shows in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

interface Describable {
  toString(): string;
}

function isDescribable(value: unknown): value is Describable {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function described(value: unknown): unknown {
  return isDescribable(value) ? value.toString() : value;
}

interface Comparable {
  equals(other: unknown): boolean;
}

function isComparable(value: unknown): value is Comparable {
  return (
    typeof value === "object" && value !== null && "equals" in value && typeof value.equals === "function"
  );
}

function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((element, i) => sameValue(element, b[i]));
  }
  // A tensor's `equals` reads its argument as a tensor, so the classes are compared first.
  return isComparable(a) && isComparable(b) && a.constructor === b.constructor && a.equals(b);
}
