/** Runs what a page shows, and compares what it prints. */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { endOf, type Outcome } from "../child-end.ts";
import { codeToRun, isWrong, type Block, type Program } from "./blocks.ts";
import { difference } from "./compare-output.ts";
import { javascriptOf } from "./compile.ts";
import { outputOfEach } from "./program-text.ts";

/** What is wrong with it, one text for each block; nothing for one that does what its page shows. */
export async function problemsOfRun(program: Program, folder: string): Promise<string[]> {
  const blocks = program.blocks.filter((block) => block.notRun === undefined && !isWrong(block));
  if (blocks.length === 0) return [];
  const { code, stdout, stderr } = await run(program, blocks, folder);
  const place = `${program.page}:${program.line}`;
  if (code !== 0) return [`${place}: it ends with ${code}:\n${stdout}${stderr}`];
  // Commands tell there how far they are; a program prints what it is told to print.
  if (program.language === "ts" && stderr !== "") return [`${place}: on stderr:\n${stderr}`];
  const outputs = program.language === "ts" ? outputOfEach(stdout) : new Map([[program.line, stdout]]);
  return blocks.flatMap(({ page, line, output }) => {
    const printed = outputs.get(line) ?? "";
    // Commands print tables with times in them.
    if (output === undefined && (program.language === "sh" || printed === "")) return [];
    const found = difference(output ?? "", printed);
    return found === undefined ? [] : [`${page}:${line}: ${found}`];
  });
}

async function run(program: Program, blocks: readonly Block[], folder: string): Promise<Outcome> {
  if (program.language === "ts") {
    const name = `program-${program.line}.mjs`;
    await writeFile(join(folder, name), javascriptOf(program));
    return start(process.execPath, [name], folder);
  }
  const commands = blocks
    .map(codeToRun)
    .join("\n")
    .replace(/\\\n\s*/g, "");
  // Nothing else is run: a page may well show how a machine is set up.
  const other = commands.split("\n").find((line) => !/^(vaekit .*|#.*|)$/.test(line));
  if (other !== undefined) throw new Error(`${program.page}:${program.line}: no command of vaekit: ${other}`);
  return start("bash", ["-euo", "pipefail", "-c", commands], folder);
}

function start(command: string, args: readonly string[], cwd: string): Promise<Outcome> {
  const path = `${join(cwd, "node_modules", ".bin")}${delimiter}${process.env["PATH"] ?? ""}`;
  const env = { ...process.env, PATH: path };
  return endOf(spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] }));
}
