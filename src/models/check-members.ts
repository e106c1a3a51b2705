/** Whether an object has every member that there must be, of its kind. */
import { VaekitError } from "../errors.ts";
import { describeValue } from "../util/describe-value.ts";

/** What a member is. */
export interface MemberKind {
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
}

/** What each member is. */
export type Kinds<T> = { readonly [K in keyof Required<T>]: MemberKind };

export const object: MemberKind = {
  expected: "an object",
  fits: (value) => typeof value === "object" && value !== null,
};

export const trueOrFalse: MemberKind = {
  expected: "true or false",
  fits: (value) => typeof value === "boolean",
};

export const optional = ({ expected, fits }: MemberKind): MemberKind => ({
  expected: `${expected}, or nothing`,
  fits: (value) => value === undefined || fits(value),
});

/** @throws INVALID_ARGUMENT unless it has them all. */
export function checkMembers<T>(
  value: unknown,
  kinds: Kinds<T>,
  subject: string,
  kind = "a VaeModel",
): asserts value is T {
  if (typeof value !== "object" || value === null) {
    throw invalid(`${subject}: expected ${kind}, found ${describeValue(value)}.`);
  }
  for (const [name, { expected, fits }] of Object.entries<MemberKind>(kinds)) {
    const member: unknown = Reflect.get(value, name);
    if (!fits(member))
      throw invalid(`${subject}: ${name}: expected ${expected}, found ${describeValue(member)}.`);
  }
}

const invalid = (message: string): VaekitError => new VaekitError("INVALID_ARGUMENT", message);
