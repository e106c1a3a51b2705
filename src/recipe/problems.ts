/** Everything that is wrong with a recipe, as one error whose lines name the place, the fault and the remedy. */
import type { z } from "zod";
import { VaekitError } from "../errors.ts";
import { oneLine, quote, shorten } from "../util/printable.ts";
import { adviceFor, describe, formatPath, listOf, schemaAt, type Path } from "./known-keys.ts";
import { recipeJsonSchema, type JsonSchema } from "./schema.ts";

/** One fault of a recipe. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
}

let knownSchema: JsonSchema | undefined;

const maxLines = 10;
const maxFoundLength = 60;
const shortened = (key: PropertyKey): PropertyKey =>
  typeof key === "string" ? oneLine(shorten(key, maxFoundLength)) : key;

/** The problems that the schema finds in `value`. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], value: unknown): Problem[] {
  const schema = (knownSchema ??= recipeJsonSchema());
  const problems = issues.flatMap((issue): Problem[] => {
    const place = schemaAt(schema, value, issue.path);
    if (issue.code === "unrecognized_keys") {
      const keys = Object.keys(place?.properties ?? {});
      return issue.keys.map((key, i) => ({
        path: [...issue.path, key],
        // Looking for a near name takes a millisecond, and further lines are not shown.
        message: i < maxLines ? `no such key; ${adviceFor(key, issue.path, keys, schema)}` : "no such key",
      }));
    }
    const inside = issue.code === "invalid_union" ? closestBranch(issue.errors) : [];
    if (inside.length > 0) {
      return problemsOf(
        inside.map((each) => ({ ...each, path: [...issue.path, ...each.path] })),
        value,
      );
    }
    const found = valueAt(value, issue.path);
    const missing = found === undefined;
    // Where the `type` itself is wrong, no branch of the schema applies, and only zod knows all of them.
    const options = issue.code === "invalid_union" && "options" in issue ? (issue.options as unknown[]) : [];
    // Among them is undefined, where the key may be left out.
    const types = options.filter((each) => each !== undefined);
    const expected = types.length > 0 ? listOf(types) : describe(place);
    return [
      {
        path: issue.path,
        message: `${missing ? "missing; " : ""}expected ${expected}${missing ? "" : `, found ${formatFound(found)}`}.`,
      },
    ];
  });
  return [...new Map(problems.map((each) => [formatPath(each.path) + each.message, each])).values()];
}

/** Of the ways in which a union failed, the one that recognized the value's kind, if there is one. */
function closestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const reachesInside = (issue: z.core.$ZodIssue): boolean =>
    issue.path.length > 0 || issue.code === "unrecognized_keys";
  return branches.find((issues) => issues.length > 0 && issues.every(reachesInside)) ?? [];
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (each, key) => (typeof each === "object" && each !== null ? Reflect.get(each, key) : undefined),
    value,
  );
}

/** A value in an error message, on one line and not too long. */
export function formatFound(value: unknown): string {
  return shorten(quote(value), maxFoundLength);
}

/**
 * The error that lists the problems, one in each line.
 *
 * @param subject what to call the recipe: its path.
 * @param locate where in the file a path stands, e.g. "line 12".
 */
export function recipeError(
  problems: readonly Problem[],
  subject: string,
  locate?: (path: Path) => string | undefined,
): VaekitError {
  const lines = problems.map(({ path, message }) => {
    const place = locate?.(path);
    const name = formatPath(path.map(shortened));
    return `${name}${name === "" ? "" : ": "}${message}${place === undefined ? "" : ` (${place})`}`;
  });
  if (lines.length === 1) return new VaekitError("INVALID_CONFIG", `${subject}: ${lines[0]!}`);
  const shown = lines.slice(0, maxLines).map((line) => `  ${line}`);
  if (lines.length > maxLines) shown.push(`  and ${lines.length - maxLines} more.`);
  return new VaekitError("INVALID_CONFIG", `${subject}: ${lines.length} problems in the recipe:`, {
    details: shown,
  });
}
