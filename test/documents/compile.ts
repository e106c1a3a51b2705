/** Compiles the pages' TypeScript as a strict program of somebody who has installed vaekit. */
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { isWrong, type Program } from "./blocks.ts";
import { textToCheck, textToRun } from "./program-text.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const options: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  verbatimModuleSyntax: true,
  types: ["node"],
  skipLibCheck: true,
  noEmit: true,
};

/** The packages that a page's program imports are those of this repository, "vaekit" among them. */
const nameOf = ({ page, line }: Program): string =>
  `${root}test/documents/${page.replaceAll("/", "-")}-${line}.ts`;

/** What is wrong with the programs' types; nothing where all compile, or fail to as they say. */
export function compile(programs: readonly Program[]): string[] {
  const texts = new Map(programs.map((program) => [nameOf(program), textToCheck(program)]));
  const host = ts.createCompilerHost(options);
  const withPages: ts.CompilerHost = {
    ...host,
    fileExists: (name) => texts.has(name) || host.fileExists(name),
    readFile: (name) => texts.get(name) ?? host.readFile(name),
    getSourceFile: (name, version) => {
      const text = texts.get(name);
      if (text === undefined) return host.getSourceFile(name, version);
      return ts.createSourceFile(name, text, version);
    },
  };
  const compiled = ts.createProgram([...texts.keys()], options, withPages);
  const problemsOf = (program: Program): string[] => {
    const file = compiled.getSourceFile(nameOf(program))!;
    return problems(program, [
      ...compiled.getSyntacticDiagnostics(file),
      ...compiled.getSemanticDiagnostics(file),
    ]);
  };
  return programs.flatMap(problemsOf);
}

interface Found {
  readonly line: number;
  readonly message: string;
}

function problems(program: Program, diagnostics: readonly ts.Diagnostic[]): string[] {
  const found = diagnostics.map((diagnostic): Found => {
    const { file, start, code, messageText } = diagnostic;
    const line = 1 + (file?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0);
    return { line, message: `error TS${code}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}` };
  });
  const isIn =
    ({ line, code }: { line: number; code: string }) =>
    (each: Found): boolean =>
      each.line >= line && each.line <= line + 1 + code.split("\n").length;
  const wrong = program.blocks.filter(isWrong);
  const unexpected = found.filter((each) => !wrong.some((block) => isIn(block)(each)));
  return [
    ...unexpected.map(({ line, message }) => `${program.page}:${line}: ${message}`),
    ...wrong.flatMap((block) => {
      const said = found.filter(isIn(block)).map(({ message }) => message);
      const expected = block.output!;
      if (inOneLine(said.join("\n")) === inOneLine(expected)) return [];
      return [`${block.page}:${block.line}: the compiler says\n${said.join("\n")}\nand not\n${expected}`];
    }),
  ];
}

/** Lines are broken where the page is wide enough. */
const inOneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

/** The JavaScript that Node runs. */
export function javascriptOf(program: Program): string {
  const { outputText } = ts.transpileModule(textToRun(program), {
    compilerOptions: { ...options, noEmit: false, module: ts.ModuleKind.ESNext },
  });
  return outputText;
}
