/** Each platform's project sees the globals of that platform and no others: what a file may not use does not compile there. */
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

function configOf(project: string): ts.ParsedCommandLine {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  return ts.getParsedCommandLineOfConfigFile(`${root}tsconfig.${project}.json`, {}, host)!;
}

/** Which platforms' globals a project sees, through whatever library brings them along. */
function platformsOf(project: string): string[] {
  const { fileNames, options, projectReferences = [] } = configOf(project);
  const program = ts.createProgram({ rootNames: fileNames, options, projectReferences });
  const files = program.getSourceFiles().map(({ fileName }) => fileName);
  const has = (part: RegExp): boolean => files.some((file) => part.test(file));
  return [
    ...(has(/\/lib\.dom\.d\.ts$/) ? ["DOM"] : []),
    ...(has(/\/@types\/node\//) ? ["Node"] : []),
    ...(has(/\/web-standards\.d\.ts$/) ? ["both"] : []),
  ];
}

test.each([
  ["core", ["both"]],
  ["web", ["DOM"]],
  ["node", ["Node"]],
])("the project of %s sees the globals of its platform alone", (project, platforms) => {
  expect(platformsOf(project)).toEqual(platforms);
});

test("each source file belongs to one project", () => {
  const owned = ["core", "web", "node"].flatMap((project) => configOf(project).fileNames);
  const sources = ts.sys.readDirectory(`${root}src`, [".ts", ".js"], ["**/*.test.ts"]);
  expect(owned.filter((file) => file.includes("/src/")).sort()).toEqual(sources.sort());
});
