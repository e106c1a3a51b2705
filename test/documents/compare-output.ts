/** Whether a program printed what its page shows. */

const decimal = /(-?\d+\.\d+)/;

/** Where the two differ, or undefined. Lines are compared from their first to their last character that is no blank. */
export function difference(shown: string, printed: string): string | undefined {
  const expected = linesOf(shown);
  const found = linesOf(printed);
  if (matches(expected, found)) return undefined;
  return `it shows\n${expected.join("\n")}\nand prints\n${found.join("\n")}`;
}

function matches(expected: readonly string[], found: readonly string[]): boolean {
  const [first, ...rest] = expected;
  if (first === undefined) return found.length === 0;
  if (first === "…") return found.some((_, i) => matches(rest, found.slice(i))) || rest.length === 0;
  return found[0] !== undefined && sameLine(first, found[0]) && matches(rest, found.slice(1));
}

function sameLine(a: string, b: string): boolean {
  const [ours, theirs] = [a.split(decimal), b.split(decimal)];
  return (
    ours.length === theirs.length &&
    ours.every((part, i) => (i % 2 === 0 ? part === theirs[i] : sameNumber(part, theirs[i]!)))
  );
}

/** By one in the last place at most: another processor adds up in another order, and a number may lie where rounding turns. */
function sameNumber(a: string, b: string): boolean {
  const places = Math.max(...[a, b].map((text) => text.length - text.indexOf(".") - 1));
  return Math.abs(Number(a) - Number(b)) < 1.5 * 10 ** -places;
}

const linesOf = (text: string): string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line, _, all) => all.length > 1 || line !== "");
