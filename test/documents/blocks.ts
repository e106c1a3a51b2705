/**
 * The code blocks of a page, and what its invisible comments say about them:
 *
 * * A `ts` block is a program of its own. With `<!-- snippets: one program -->` somewhere in the page, all its `ts`
 *   blocks are one program, in their order.
 * * An `sh` block holds commands of `vaekit`; bash runs them, in a folder that the page's blocks share.
 * * A `text` block right after one of these is what it prints. A line `…` in it stands for any lines. Where it begins
 *   with `error TS`, the program does not compile, and this is what the compiler says.
 * * `<!-- not run: why -->` before a block: it needs what a test does not have. TypeScript is compiled nevertheless.
 * * `<!-- when run: "2000" is "2" -->` before a block: so that a test takes no minutes.
 */

export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

export interface Block {
  readonly page: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** The `text` block that follows. */
  readonly output: string | undefined;
  readonly notRun: string | undefined;
  /** What is replaced when it is run. */
  readonly whenRun: readonly (readonly [from: string, to: string])[];
}

const fence = /^```(\w*)$/;
const comment = /^<!-- (.*) -->$/;
const replacement = /"([^"]*)" is "([^"]*)"/g;

/** Every fenced block but those that are another's output. */
export function blocksOf({ path, text }: Page): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let comments: string[] = [];
  // Whether only blank lines came since the last block.
  let follows = false;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const language = fence.exec(line)?.[1];
    if (language === undefined) {
      const said = comment.exec(line)?.[1];
      if (said !== undefined) comments.push(said);
      else if (line.trim() !== "") [comments, follows] = [[], false];
      continue;
    }
    const end = lines.indexOf("```", at + 1);
    if (end < 0) throw new Error(`${path}:${at + 1}: a block without an end`);
    const code = lines.slice(at + 1, end).join("\n");
    const last = blocks.at(-1);
    if (language === "text" && follows && last !== undefined && last.output === undefined) {
      blocks[blocks.length - 1] = { ...last, output: code };
    } else blocks.push({ page: path, line: at + 1, language, code, ...directives(comments) });
    [comments, follows, at] = [[], true, end];
  }
  return blocks;
}

function directives(comments: readonly string[]): Pick<Block, "output" | "notRun" | "whenRun"> {
  const notRun = comments.map((said) => /^not run: (.+)$/.exec(said)?.[1]).find(Boolean);
  const shortened = comments.filter((said) => said.startsWith("when run: ")).join(" ");
  const whenRun = [...shortened.matchAll(replacement)].map((match) => [match[1]!, match[2]!] as const);
  return { output: undefined, notRun, whenRun };
}

/** One thing to run: a block, or all TypeScript of a page. */
export interface Program {
  readonly page: string;
  readonly line: number;
  readonly language: "ts" | "sh";
  readonly blocks: readonly Block[];
}

/** Whether the block is shown because it does not compile. */
export const isWrong = ({ output }: Block): boolean => output?.startsWith("error TS") === true;

/** What there is to compile and to run of a page, in its order. */
export function programsOf(page: Page): Program[] {
  const blocks = blocksOf(page).filter(({ language }) => language === "ts" || language === "sh");
  const isOneProgram = page.text.includes("<!-- snippets: one program -->");
  const joined = isOneProgram ? blocks.filter(({ language }) => language === "ts") : [];
  const single = blocks.filter((block) => !joined.includes(block));
  const groups = [...(joined.length > 0 ? [joined] : []), ...single.map((block) => [block])];
  return groups
    .map((group) => {
      const [{ line, language }] = group as [Block];
      return { page: page.path, line, language: language as "ts" | "sh", blocks: group };
    })
    .sort((a, b) => a.line - b.line);
}

/** The block's code with what is shorter when it is run. @throws where what should be replaced is not there */
export function codeToRun({ code, whenRun, page, line }: Block): string {
  return whenRun.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${page}:${line}: there is no "${from}" to replace`);
    return text.replaceAll(from, to);
  }, code);
}
