import { expect, test } from "vitest";
import { blocksOf, codeToRun, programsOf } from "./blocks.ts";
import { difference } from "./compare-output.ts";
import { compile } from "./compile.ts";

const pageOf = (...lines: string[]): { path: string; text: string } => ({
  path: "page.md",
  text: lines.join("\n"),
});

test("output that differs is shown beside what was expected", () => {
  expect(difference("a\nb", "a\nb\n")).toBeUndefined();
  expect(difference("a\nb", "a\nc\n")).toBe("it shows\na\nb\nand prints\na\nc");
  expect(difference("a", "a\nb")).toContain("prints\na\nb");
  expect(difference("a\nb", "a")).toContain("prints\na");
  expect(difference("", "a")).toContain("prints\na");
  expect(difference("12 steps", "13 steps")).toContain("prints\n13 steps");
});

test("decimals may differ by one in the last place", () => {
  expect(difference("mean 0.123, 4.5e-7", "mean 0.124, 4.4e-7")).toBeUndefined();
  expect(difference("mean 0.123", "mean 0.125")).toBeDefined();
  expect(difference("mean 0.123", "mean -0.123")).toBeDefined();
  expect(difference("4.5e-7", "4.5e-6")).toBeDefined();
});

test("… stands for any lines", () => {
  expect(difference("a\n…\nd", "a\nb\nc\nd")).toBeUndefined();
  expect(difference("…\nd", "d")).toBeUndefined();
  expect(difference("…", "a\nb")).toBeUndefined();
  expect(difference("a\n…\nd", "a\nb\nc")).toBeDefined();
});

test("a block takes the text after it as its output, and the comments before it as its orders", () => {
  const page = pageOf(
    '<!-- when run: "100" is "1" -->',
    "```ts",
    "steps(100)",
    "```",
    "",
    "```text",
    "1",
    "```",
    "Said between the two.",
    "```text",
    "a drawing",
    "```",
    "<!-- not run: no driver -->",
    "```ts",
    "draw()",
    "```",
  );
  const [first, drawing, last] = blocksOf(page);
  expect(first).toMatchObject({ line: 2, output: "1", notRun: undefined });
  expect(codeToRun(first!)).toBe("steps(1)");
  expect(drawing).toMatchObject({ language: "text", code: "a drawing" });
  expect(last).toMatchObject({ notRun: "no driver", whenRun: [] });
  expect(programsOf(page).map(({ line }) => line)).toEqual([2, 14]);
});

test("what should be replaced must be there", () => {
  const [block] = blocksOf(pageOf('<!-- when run: "100" is "1" -->', "```ts", "steps(200)", "```"));
  expect(() => codeToRun(block!)).toThrow('page.md:2: there is no "100" to replace');
});

test("the compiler's messages are compared, with their lines in the page", () => {
  const page = pageOf(
    "<!-- snippets: one program -->",
    "```ts",
    "const side: number = 8;",
    "```",
    "```ts",
    'const label: number = "a";',
    "```",
    "```text",
    "error TS2322: Type 'string' is not",
    "assignable to type 'number'.",
    "```",
    "```ts",
    "console.log(side, label);",
    "```",
  );
  const other = pageOf("```ts", "export const side: number = 8;", "```", "```text", "error TS1: No.", "```");
  expect(compile([...programsOf(page), ...programsOf(other)])).toEqual([
    // What must not compile declares nothing.
    expect.stringMatching(/^page.md:13: error TS2304: Cannot find name 'label'/),
    expect.stringMatching(/^page.md:1: the compiler says\n\nand not\nerror TS1: No.$/),
  ]);
});
