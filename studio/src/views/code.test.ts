/** The programs that the page shows: TypeScript compiles against the package's declarations, and Python can be read. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { readState } from "../app/fields.ts";
import { views } from "./index.ts";
import { viewIds, type Code, type ViewId } from "./view.ts";

/** States of every view whose programs differ in more than a number. */
const states: Readonly<Record<ViewId, readonly string[]>> = {
  "round-trip": [""],
  channels: ["", "edits=f", "channel=5"],
  paint: [""],
  posterior: ["", "temperature=1", "temperature=2.5&seed=7"],
  scaling: ["", "scaling=divide", "scaling=divide&adds=0", "adds=0", "scaling=multiply&shift=-0.5"],
  between: ["", "kind=lerp&at=0.125", "mode=sum&strength=1.5"],
  robustness: ["bits=4", "way=noise", "way=prior"],
  train: ["", "beta=4&latent=20"],
};

interface Program extends Code {
  readonly name: string;
}
const programs = viewIds.flatMap((id) =>
  states[id].map((query): Program => {
    const view = views[id];
    return { name: `${id}?${query}`, ...view.code(readState(view.fields, new URLSearchParams(query))) };
  }),
);

const folder = fileURLToPath(new URL(".", import.meta.url));
const options: ts.CompilerOptions = {
  strict: true,
  noUnusedLocals: true,
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: [],
  skipLibCheck: true,
  noEmit: true,
};

/** What a reader has already: files and what a diffusion model has made. */
const given = `
declare const file: Blob, first: Blob, second: Blob, third: Blob;
declare const latents: import("vaekit").Tensor<"float32">, digits: import("vaekit").Tensor<"float32">;
`;

test("every program in TypeScript compiles in a page", () => {
  const nameOf = (i: number): string => `${folder}program-${i}.ts`;
  const texts = new Map(programs.map(({ typescript }, i) => [nameOf(i), typescript]));
  texts.set(`${folder}given.d.ts`, given);
  const host = ts.createCompilerHost(options);
  const compiled = ts.createProgram([...texts.keys()], options, {
    ...host,
    fileExists: (name) => texts.has(name) || host.fileExists(name),
    readFile: (name) => texts.get(name) ?? host.readFile(name),
    getSourceFile: (name, version) => {
      const text = texts.get(name);
      return text === undefined
        ? host.getSourceFile(name, version)
        : ts.createSourceFile(name, text, version);
    },
  });
  const problems = programs.flatMap(({ name }, i) => {
    const source = compiled.getSourceFile(nameOf(i));
    const found = [...compiled.getSyntacticDiagnostics(source), ...compiled.getSemanticDiagnostics(source)];
    return (
      found
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))
        // Its last line is what the reader goes on with.
        .filter(
          (message) =>
            !/^'\w+' is declared but its value is never read/.test(message) || isForgotten(message),
        )
        .map((message) => `${name}: ${message}`)
    );
  });
  expect(problems).toEqual([]);
});

/** Results that the reader goes on with. */
const results = ["sample", "picture", "pictures"];
const isForgotten = (message: string): boolean => !results.some((name) => message.startsWith(`'${name}'`));

test("what is marked in a program is in it", () => {
  for (const { name, typescript, diffusers, highlight } of programs) {
    if (highlight !== undefined) expect(typescript + diffusers, name).toContain(highlight);
  }
});

const python = ["python3", "python"].find((name) => spawnSync(name, ["--version"]).status === 0);

test.skipIf(python === undefined)("every program in Python can be read by Python", () => {
  const reader = "import ast, json, sys\nfor text in json.load(sys.stdin): ast.parse(text)";
  const input = JSON.stringify(programs.map(({ diffusers }) => diffusers));
  const { status, stderr } = spawnSync(python!, ["-c", reader], { input, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
