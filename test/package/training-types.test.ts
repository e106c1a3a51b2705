/** vaekit/train has the types of its platform: runs in folders in Node, what works without files for bundlers. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Consumer } from "./consumer.ts";

let consumer: Consumer;
beforeAll(async () => {
  consumer = await Consumer.create();
  await writeFile(join(consumer.folder, "package.json"), '{ "type": "module" }');
});
afterAll(() => consumer.remove());

const compiler = join("node_modules", "typescript", "bin", "tsc");
const shared =
  "--noEmit --strict --skipLibCheck --target es2022 --lib es2023,esnext.disposable,dom --types node";

async function compile(text: string, flags: string): Promise<string> {
  await writeFile(join(consumer.folder, "program.ts"), text);
  const { stdout, stderr } = await consumer.node([
    compiler,
    ...`${shared} ${flags}`.split(" "),
    "program.ts",
  ]);
  return stdout + stderr;
}

const recipe = "{ data: { path: 'photos' }, optimizer: { learning_rate: 1e-3 }, steps: 100 }";

test("in Node, a plain recipe is one, and a misspelt key of it does not compile", async () => {
  const program = (given: string): string =>
    `import { train } from "vaekit/train"; export const result = train({ recipe: ${given}, directory: "run" });`;
  const flags = "--module nodenext";
  expect(await compile(program(recipe), flags)).toBe("");
  expect(await compile(program(recipe.replace("steps", "stepz")), flags)).toContain("program.ts(1,");
}, 60_000);

test("for a bundler, there is a Trainer and no train", async () => {
  const flags = "--module esnext --moduleResolution bundler";
  const program = (name: string): string => `export { ${name} } from "vaekit/train";`;
  expect(await compile(program("Trainer"), flags)).toBe("");
  expect(await compile(program("train"), flags)).toContain("has no exported member named 'train'");
}, 60_000);
