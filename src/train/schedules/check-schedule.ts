/** Checks of what a schedule is made of: JavaScript knows no types. */
import {
  checkValue,
  optionKinds,
  wholeNumber,
  type OptionKind,
  type OptionKinds,
} from "../../util/check-options.ts";

export const stepKind = wholeNumber(0);
export const countKind = wholeNumber(1);

/** A number of at least 0. */
export const nonNegative: OptionKind = {
  expected: "a finite number of at least 0",
  fits: (value) => Number.isFinite(value) && Number(value) >= 0,
};

/** A share: 0 to 1. */
export const shareKind: OptionKind = {
  expected: "a number from 0 to 1",
  fits: (value) => typeof value === "number" && value >= 0 && value <= 1,
};

/**
 * @param subject the call, for messages.
 * @throws INVALID_ARGUMENT unless `schedule` is an object that has every key, of its kind.
 */
export function checkSchedule<T extends object>(subject: string, schedule: T, kinds: OptionKinds<T>): void {
  checkValue(subject, schedule, optionKinds.object);
  for (const [key, kind] of Object.entries<OptionKind>(kinds)) {
    checkValue(`${subject}: ${key}`, (schedule as Record<string, unknown>)[key], kind);
  }
}
