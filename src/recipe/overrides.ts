/** `--set loss.kl.weight=1e-5`: values of a recipe given beside its file. */
import { VaekitError } from "../errors.ts";
import { shorten } from "../util/printable.ts";
import { checkBounds } from "./bounds.ts";
import { isObject } from "./key-case.ts";
import { formatFound } from "./problems.ts";
import { parseYaml, YamlError } from "./yaml.ts";

/** Keys of which a recipe has one: setting the one takes the other away. */
const alternatives: readonly (readonly [string, string])[] = [
  ["steps", "epochs"],
  ["model.config", "model.pretrained"],
];

/**
 * A copy of a recipe's plain object with some values replaced.
 *
 * @param recipe the content of a recipe file (snake_case), which stays as it is.
 * @param overrides `path=value` each; the path's keys are joined by dots, the value is written as in YAML.
 * @throws INVALID_ARGUMENT on an override that is no `path=value`, or whose path leads through a plain value;
 *   INVALID_CONFIG on a recipe that is far too large or contains itself.
 */
export function applyOverrides(recipe: unknown, overrides: readonly string[]): unknown {
  const settings = overrides.map(parseOverride);
  checkBounds(recipe, "recipe");
  const changed: unknown = structuredClone(recipe ?? {});
  if (!isObject(changed)) return changed;
  const set = new Set(settings.map(({ path }) => path.join(".")));
  for (const [a, b] of [...alternatives, ...alternatives.map(([a, b]) => [b, a] as const)]) {
    if ([...set].some((path) => path === a || path.startsWith(`${a}.`)) && !set.has(b)) {
      remove(changed, b.split("."));
    }
  }
  for (const { path, value, text } of settings) assign(changed, path, value, text);
  return changed;
}

interface Setting {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly text: string;
}

function parseOverride(text: string): Setting {
  const equals = text.indexOf("=");
  const path = text.slice(0, Math.max(0, equals)).trim().split(".");
  const fail = (detail: string): never => {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `--set ${shorten(text)}: expected key.key=value, such as loss.kl.weight=1e-5; ${detail}.`,
    );
  };
  if (equals < 0) fail("found no =");
  if (path.some((key) => !/^[A-Za-z][\w-]*$/.test(key))) fail(`found the key ${formatFound(path.join("."))}`);
  try {
    return { path, value: parseYaml(text.slice(equals + 1)).value, text: shorten(text) };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    return fail(`the value is no YAML: ${error.message.split("\n")[0]!.replace(/\.$/, "")}`);
  }
}

function assign(
  target: Record<string, unknown>,
  path: readonly string[],
  value: unknown,
  text: string,
): void {
  let here = target;
  for (const [i, key] of path.slice(0, -1).entries()) {
    const next = (Object.hasOwn(here, key) ? here[key] : undefined) ?? {};
    if (!isObject(next)) {
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `--set ${text}: ${path.slice(0, i + 1).join(".")} is ${formatFound(next)}, which has no keys; set it as a whole.`,
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
