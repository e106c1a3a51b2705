/** Which tricks are switched off: by an option of a runtime, or by the environment. */
import { VaekitError } from "../errors.ts";
import { describeValue, isRecord } from "../util/describe-value.ts";
import { joinNames, nearestName } from "../util/nearest-name.ts";
import { shownName } from "../util/printable.ts";
import { trickNames, type TrickName } from "./tricks.ts";

/** "plain" switches all off, `false` a single one. */
export type OrtSwitches = "plain" | { readonly [K in TrickName]?: boolean };

/** What is switched off, and by what, as in "switched off by …". */
export type SwitchedOff = ReadonlyMap<TrickName, string>;

/** The variable's name, for messages. */
export const switchesVariable = "VAEKIT_ORT";

/**
 * @param text the variable's: "plain", or names after "no-", with commas between them.
 * @throws INVALID_ARGUMENT for a name that is not known.
 */
export function switchedOff(option: unknown, text: string | undefined): SwitchedOff {
  const byVariable = parseText(text ?? "").map((name) => [name, switchesVariable] as const);
  const byOption = parseOption(option ?? {}).map((name) => [name, "the option ort"] as const);
  return new Map([...byOption, ...byVariable]);
}

function parseText(text: string): readonly TrickName[] {
  const words = text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  return words.flatMap((word) => {
    if (word === "plain") return trickNames;
    const name = trickNames.find((each) => word === `no-${each}`);
    if (name !== undefined) return [name];
    throw unknown(switchesVariable, word, ["plain", ...trickNames.map((each) => `no-${each}`)]);
  });
}

function parseOption(option: unknown): readonly TrickName[] {
  if (option === "plain") return trickNames;
  if (!isRecord(option)) {
    const message = `NodeRuntime: ort: expected "plain" or an object, found ${describeValue(option)}.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  return Object.entries(option).flatMap(([key, value]) => {
    const name = trickNames.find((each) => each === key);
    if (name === undefined) throw unknown("NodeRuntime: ort", key, trickNames);
    if (value === undefined || value === true) return [];
    if (value === false) return [name];
    const message = `NodeRuntime: ort: ${name}: expected true or false, found ${describeValue(value)}.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  });
}

function unknown(subject: string, found: string, known: readonly string[]): VaekitError {
  const near = nearestName(found, known);
  const meant = near === undefined ? "" : ` Did you mean ${near}?`;
  const message = `${subject}: expected ${joinNames(known)}, found ${shownName(found)}.${meant}`;
  return new VaekitError("INVALID_ARGUMENT", message);
}
