/** Options that a call does not have: named, with what was meant, instead of passed over. */
import { VaekitError } from "../errors.ts";
import { adviceForName } from "./nearest-name.ts";

/** The names of the options `T`; the compiler asks for every one of them. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/**
 * Checks that every option is one of the call's.
 *
 * @param subject the call, for messages.
 * @param elsewhere options of other calls, and what to do with them here.
 * @throws INVALID_ARGUMENT that names the option, and the nearest of the known ones.
 */
export function checkOptionNames<T extends object>(
  options: T,
  names: OptionNames<T>,
  subject: string,
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  const given: unknown = options;
  if (typeof given !== "object" || given === null) {
    const found = given === null ? "null" : `a ${typeof given}`;
    const message = `${subject}: expected an object with options, found ${found}.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  const known = Object.keys(names);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || known.includes(name)) continue;
    const remedy = Object.hasOwn(elsewhere, name)
      ? elsewhere[name]!
      : `there is no such option; ${adviceForName(name, known, "options")}`;
    throw new VaekitError("INVALID_ARGUMENT", `${subject}: ${name}: ${remedy}`);
  }
}
