/** TypeScript of a page as one module, whose lines have the page's numbers. */
import { codeToRun, isWrong, type Block, type Program } from "./blocks.ts";

/** Begins a line of output that says which block prints from there on. */
export const marker = "\u0001";

/** Everything, for the compiler: blocks that must not compile stand in braces, so that they declare nothing for others. */
export function textToCheck({ blocks }: Program): string {
  const isAlone = blocks.length === 1;
  return laidOut(blocks, (block) => {
    const inBraces = isWrong(block) && !isAlone;
    return inBraces ? ["{", block.code, "}"] : ["", block.code, ""];
  });
}

/** What is run: without wrong blocks, and with a line of output before each block. */
export function textToRun({ blocks }: Program): string {
  const right = blocks.filter((block) => !isWrong(block) && block.notRun === undefined);
  return laidOut(right, (block) => {
    const mark = `console.log(${JSON.stringify(`${marker}${block.line}`)});`;
    return [mark, codeToRun(block), ""];
  });
}

function laidOut(
  blocks: readonly Block[],
  write: (block: Block) => readonly [fence: string, code: string, end: string],
): string {
  const lines: string[] = [];
  for (const block of blocks) {
    while (lines.length < block.line - 1) lines.push("");
    const [before, code, after] = write(block);
    lines.push(before, ...code.split("\n"), after);
  }
  return lines.join("\n");
}

/** Each block's part of what the program printed. */
export function outputOfEach(stdout: string): Map<number, string> {
  const parts = stdout.split(new RegExp(`${marker}(\\d+)\\n`));
  const outputs = new Map<number, string>();
  for (let i = 1; i < parts.length; i += 2) outputs.set(Number(parts[i]), parts[i + 1]!);
  return outputs;
}
