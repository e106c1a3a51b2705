/** A copy of the project in a temporary folder, in which mutants may live. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";
import { buildPackage } from "../build-package.mjs";

/**
 * @param {string} root the project; it must be built
 * @returns {{ path: string, files: string[], remove: () => void }} the copy, and every file of it that git knows or does not ignore
 */
export function copyProject(root) {
  const path = mkdtempSync(join(tmpdir(), "vaekit-mutate-"));
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: root,
    encoding: "utf8",
  });
  const files = listed.split("\0").filter((file) => file !== "");
  for (const file of files) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    cpSync(join(root, file), join(path, file));
  }
  for (const built of ["build/modules", "dist"])
    cpSync(join(root, built), join(path, built), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(path, "node_modules"));
  return {
    path,
    files,
    remove: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/**
 * Writes instrumented sources over the copy's, and what is built from them over what was built.
 *
 * @param {string} workspace
 * @param {readonly { name: string, content: string }[]} files
 */
export async function writeInstrumented(workspace, files) {
  for (const { name, content } of files) {
    writeFileSync(join(workspace, name), content);
    const built = join(workspace, name.replace(/^src\//, "build/modules/").replace(/\.ts$/, ".js"));
    const { outputText } = ts.transpileModule(content, {
      fileName: name,
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    });
    writeFileSync(built, outputText);
  }
  await buildPackage(workspace);
}
