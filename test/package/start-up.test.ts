/**
 * What a program loads before it does anything: no package that it may never need, and few files, for opening each takes
 * a quarter of a millisecond.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Consumer } from "./consumer.ts";

let consumer: Consumer;
beforeAll(async () => {
  consumer = await Consumer.create();
  await writeFile(join(consumer.folder, "hooks.mjs"), hooks);
  await writeFile(join(consumer.folder, "list-modules.mjs"), listModules);
});
afterAll(() => consumer.remove());

/** Notes each module that `import` loads, and at the end those of `require`. */
const hooks = `
  import { appendFileSync } from "node:fs";
  export async function load(url, context, nextLoad) {
    appendFileSync("modules.txt", url + "\\n");
    return nextLoad(url, context);
  }`;
const listModules = `
  import { appendFileSync, writeFileSync } from "node:fs";
  import { createRequire, register } from "node:module";
  writeFileSync("modules.txt", "");
  register("./hooks.mjs", import.meta.url);
  process.on("exit", () => {
    const { cache } = createRequire(import.meta.url);
    appendFileSync("modules.txt", Object.keys(cache).join("\\n"));
  });`;

/** The packages, without vaekit itself, that Node has loaded when it ends. */
async function packagesOf(args: readonly string[]): Promise<string[]> {
  const outcome = await consumer.node(["--import", "./list-modules.mjs", ...args]);
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  const modules = (await readFile(join(consumer.folder, "modules.txt"), "utf8")).split("\n");
  const names = modules.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
  const own = names.filter((name) => name === "vaekit");
  expect(own).not.toEqual([]);
  expect(own.length).toBeLessThan(60);
  return [...new Set(names)].filter((name) => name !== "vaekit").sort();
}

const program = (text: string): string[] => ["--input-type=module", "-e", text];
const command = (...args: readonly string[]): string[] => [
  join("node_modules", "vaekit", "dist", "cli", "main.js"),
  ...args,
];

/** Both are small: how models are written, and the numbers of a session's results. */
const always = ["@bufbuild/protobuf", "onnxruntime-common"];
/** With what measures the width of a text. */
const cliProgress = [
  "ansi-regex",
  "cli-progress",
  "emoji-regex",
  "is-fullwidth-code-point",
  "string-width",
  "strip-ansi",
];

test.each([
  ['import "vaekit"', program('import "vaekit"'), always],
  ['import "vaekit/web"', program('import "vaekit/web"'), ["@bufbuild/protobuf"]],
  ['import "vaekit/report"', program('import "vaekit/report"'), []],
  ['import "vaekit/tune"', program('import "vaekit/tune"'), always],
  // Recipes are checked and written when a program asks for them, without waiting.
  ['import "vaekit/train"', program('import "vaekit/train"'), [...always, "yaml", "zod"]],
  ["vaekit --version", command("--version"), [...always, "commander"]],
  ["vaekit --help", command("--help"), [...always, "commander"]],
  ["vaekit encode --help", command("encode", "--help"), [...always, ...cliProgress, "commander"]],
])("%s loads no other packages than these", async (_, args, packages) => {
  expect(await packagesOf(args)).toEqual([...packages].sort());
});

test("the built-in model loads onnxruntime-node and neither sharp nor the runtime of browsers", async () => {
  const open = program(`
    import { AutoencoderKL } from "vaekit";
    const vae = await AutoencoderKL.default({ device: "cpu" });
    await vae.dispose();`);
  expect(await packagesOf(open)).toEqual([...always, "onnxruntime-node"].sort());
});
