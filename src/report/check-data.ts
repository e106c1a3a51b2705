/** What is to be drawn, as a caller gives it: JavaScript knows no types. */
import {
  checkOptions,
  checkValue,
  optionKinds,
  type OptionKind,
  type OptionKinds,
} from "../util/check-options.ts";

export const dataKinds = {
  histogram: {
    expected: "a histogram { low, high, counts }",
    fits: (value) => isRecord(value) && isList(value.counts),
  },
  estimate: {
    expected: "an estimate { value, interval }",
    fits: (value) => isRecord(value) && typeof value.value === "number" && "interval" in value,
  },
  facts: listOf("a list of { name, value }", (each) => isText(each.name) && isText(each.value)),
  points: listOf("a list of { step, value }", (each) => isNumber(each.step) && isNumber(each.value)),
} as const satisfies Record<string, OptionKind>;

/** @param fits each entry. */
export function listOf(expected: string, fits: (each: Record<string, unknown>) => boolean): OptionKind {
  return {
    expected,
    fits: (value) => Array.isArray(value) && value.every((each: unknown) => isRecord(each) && fits(each)),
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
const isText = (value: unknown): boolean => typeof value === "string";
const isNumber = (value: unknown): boolean => typeof value === "number";
const isList = (value: unknown): boolean =>
  isRecord(value) && typeof (value as { length?: unknown }).length === "number";

/**
 * @param subject the call, for messages.
 * @param needed keys without a default.
 * @throws INVALID_ARGUMENT for what is no object, lacks a key, has an unknown one, or a value of another kind.
 */
export function checkData<T extends object>(
  subject: string,
  data: T,
  kinds: OptionKinds<T>,
  needed: readonly (keyof T & string)[],
): void {
  checkValue(subject, data, { ...optionKinds.object, expected: `an object with ${needed.join(", ")}` });
  for (const key of needed) checkValue(`${subject}: ${key}`, data[key], kinds[key]);
  checkOptions(subject, data, kinds);
}
