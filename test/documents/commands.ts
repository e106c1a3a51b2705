/** Commands of `vaekit` that a page shows, read by the program's own parser, which runs none of them. */
import { createProgram } from "../../src/cli/program.ts";
import type { Page } from "./blocks.ts";

const row = /^\| `(vaekit [^`]*)` \|/;
const word = /'([^']*)'|"([^"]*)"|[^\s'"]+/g;

/** Those of its `sh` blocks, and those that begin a table's row. */
export function commandsOf({ text }: Page): string[] {
  const joined = text.replace(/\\\n\s*/g, "");
  const inBlocks = [...joined.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap((match) => match[1]!.split("\n"));
  const inRows = text.split("\n").flatMap((line) => row.exec(line)?.[1] ?? []);
  return [...inBlocks, ...inRows]
    .map((line) => line.replace(/(^|\s+)#.*$/, ""))
    .filter((line) => line.startsWith("vaekit "));
}

/** What the program says to it where it does not know the command or one of its options. */
export async function usageError(command: string): Promise<string | undefined> {
  const [, ...args] = [...command.matchAll(word)].map(([all, single, double]) => single ?? double ?? all);
  const program = await createProgram(args);
  for (const each of program.commands) each.action(() => undefined);
  try {
    await program.parseAsync(args, { from: "user" });
    return undefined;
  } catch (error) {
    return `${command}: ${String(error)}`;
  }
}
