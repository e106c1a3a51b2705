/** `loss.kl.weight=1e-5`: values of a recipe given beside its file. */
import { VaekitError } from "../errors.ts";
import { checkOptions, checkValue, type OptionKind, type OptionKinds } from "../util/check-options.ts";
import { shorten } from "../util/printable.ts";
import { isObject, renameKeys } from "./key-case.ts";
import { formatPath, type Path } from "./known-keys.ts";
import { formatFound } from "./problems.ts";
import { asMapping, parseRecipe, type Recipe } from "./recipe.ts";
import { parseYaml, YamlError } from "./yaml.ts";

/** Keys of which a recipe has one: setting the one takes the other away. */
const alternatives: readonly (readonly [string, string])[] = [
  ["steps", "epochs"],
  ["model.config", "model.pretrained"],
];

/** What to change of a recipe that was written before. */
export interface OverrideOptions {
  /** `path=value` each, such as "loss.kl.weight=1e-5", which replace values of the recipe. @defaultValue none */
  readonly overrides?: readonly string[];
}

const overridesKind: OptionKind = {
  expected: "a list of texts such as loss.kl.weight=1e-5",
  fits: (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
};

const overrideKinds: OptionKinds<OverrideOptions> = { overrides: overridesKind };

/** @throws INVALID_ARGUMENT for other options, or values of another kind. */
export function checkOverrideOptions(subject: string, options: OverrideOptions): void {
  checkOptions(subject, options, overrideKinds);
}

/**
 * Checks a recipe some of whose values are replaced.
 *
 * @param value the content of a recipe file, as it was.
 * @param subject what to call it in messages: its path.
 * @param locate where in the file a path stands that no override has set.
 * @throws what {@link applyOverrides} and {@link parseRecipe} throw.
 */
export function parseOverridden(
  value: unknown,
  subject: string,
  options: OverrideOptions,
  locate?: (path: Path) => string | undefined,
): Recipe {
  const { overrides = [] } = options;
  const changed = applyOverrides(asMapping(value ?? {}, subject), overrides);
  const overridden = overrides.map((each) => each.split("=")[0]!);
  return parseRecipe(changed, subject, (place) => {
    const name = formatPath(place);
    const isSet = overridden.some((each) => name === each || name.startsWith(`${each}.`));
    return isSet ? "set by `overrides`" : locate?.(place);
  });
}

/**
 * A copy of a recipe's plain object with some values replaced.
 *
 * @param recipe the content of a recipe file (snake_case), which stays as it is.
 * @param overrides `path=value` each; the path's keys are joined by dots, the value is written as in YAML.
 * @throws INVALID_ARGUMENT on an override that is no `path=value`, or whose path leads through a plain value;
 *   INVALID_CONFIG on no recipe at all, or one that is far too large or contains itself.
 */
export function applyOverrides(recipe: unknown, overrides: readonly string[]): Record<string, unknown> {
  checkValue("applyOverrides: overrides", overrides, overridesKind);
  const settings = overrides.map(parseOverride);
  const changed = renameKeys(asMapping(recipe ?? {}, "recipe"), (key) => key) as Record<string, unknown>;
  const set = new Set(settings.map(({ path }) => path.join(".")));
  for (const [a, b] of [...alternatives, ...alternatives.map(([a, b]) => [b, a] as const)]) {
    if ([...set].some((path) => path === a || path.startsWith(`${a}.`)) && !set.has(b)) {
      remove(changed, b.split("."));
    }
  }
  for (const setting of settings) assign(changed, setting);
  return changed;
}

interface Setting {
  readonly path: readonly string[];
  readonly value: unknown;
  /** What messages call it. */
  readonly title: string;
}

function parseOverride(text: string): Setting {
  const title = `\`overrides: ${shorten(text)}\``;
  const equals = text.indexOf("=");
  const path = text.slice(0, Math.max(0, equals)).trim().split(".");
  const fail = (detail: string): never => {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${title}: expected key.key=value, such as loss.kl.weight=1e-5; ${detail}.`,
    );
  };
  if (equals < 0) fail("found no =");
  if (path.some((key) => !/^[A-Za-z][\w-]*$/.test(key))) fail(`found the key ${formatFound(path.join("."))}`);
  try {
    return { path, value: parseYaml(text.slice(equals + 1)).value, title };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    return fail(`the value is no YAML: ${error.message.split("\n")[0]!.replace(/\.$/, "")}`);
  }
}

function assign(target: Record<string, unknown>, { path, value, title }: Setting): void {
  let here = target;
  for (const [i, key] of path.slice(0, -1).entries()) {
    const next = (Object.hasOwn(here, key) ? here[key] : undefined) ?? {};
    if (!isObject(next)) {
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `${title}: ${path.slice(0, i + 1).join(".")} is ${formatFound(next)}, which has no keys; set it as a whole.`,
      );
    }
    here[key] = next;
    here = next;
  }
  here[path.at(-1)!] = value;
}

function remove(target: Record<string, unknown>, path: readonly string[]): void {
  const [key = "", ...rest] = path;
  const next = target[key];
  if (rest.length === 0) Reflect.deleteProperty(target, key);
  else if (isObject(next)) remove(next, rest);
}
