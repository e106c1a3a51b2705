/**
 * Each entry of the package has a description in the API reference, with an example that does what it says: those for Node are
 * run, those for the browser are type-checked as a bundler's project is.
 */
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Consumer } from "../package/consumer.ts";
import { savePictures } from "../train/train-cli.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readText = (path: string): Promise<string> => readFile(join(root, path), "utf8");

interface Entry {
  readonly path: string;
  /** What the reference calls it. */
  readonly module: string | undefined;
  readonly example: string | undefined;
}

async function entryAt(path: string): Promise<Entry> {
  const [comment = ""] = /^\/\*\*.*?\*\//ms.exec(await readText(path)) ?? [];
  const text = comment.replaceAll(/^ \*(?: |$)/gm, "");
  return {
    path,
    module: /@module (.*)$/m.exec(text)?.[1],
    example: /@example\n```ts\n(.*?)```/s.exec(text)?.[1],
  };
}

const settings = JSON.parse(await readText("typedoc.json")) as { readonly entryPoints: readonly string[] };
const entries = await Promise.all(settings.entryPoints.map(entryAt));
const exampleOf = (module: string): string => entries.find((entry) => entry.module === module)!.example!;

/** The declarations that package.json's exports lead to, under whatever condition. */
function targetsOf(exports: unknown): string[] {
  if (typeof exports === "string") return exports.endsWith(".d.ts") ? [exports] : [];
  return Object.values(exports as object).flatMap(targetsOf);
}

let consumer: Consumer;
beforeAll(async () => {
  consumer = await Consumer.create();
  await copyFile(join(root, "assets", "sample.png"), join(consumer.folder, "photo.jpg"));
  await savePictures(join(consumer.folder, "photos"), 9);
}, 180_000);
afterAll(() => consumer.remove());

test("every entry of the package is in the API reference", async () => {
  const { exports } = JSON.parse(await readText("package.json")) as { readonly exports: object };
  const sources = targetsOf(exports).map((file) => file.replace(/^\.\/dist\/(.*)\.d\.ts$/, "src/$1.ts"));
  // Where an entry is for Node alone, the other platforms find a module without names.
  const named = [...new Set(sources)].filter((path) => !path.endsWith("/only-in-node.ts"));
  expect(named.sort()).toEqual([...settings.entryPoints].sort());
});

test.each(entries)("$path has a name and an example", ({ module, example }) => {
  expect(module).toMatch(/^vaekit(\/\w+)?( in the browser)?$/);
  expect(example).toMatch(/from "vaekit/);
});

/** What each example for Node prints; what takes long is shortened. */
const printed: Readonly<
  Record<string, { readonly replace?: readonly [string, string][]; readonly stdout: RegExp }>
> = {
  vaekit: { stdout: /^\[ 1, 16, 32, \d+ \] \d+x256\n$/ },
  "vaekit/train": {
    replace: [
      ["steps: 2000", "steps: 2"],
      ["resolution: 64", "resolution: 16"],
    ],
    stdout: /^1 \d+\.\d+\n2 \d+\.\d+\nThe model, a folder in diffusers' format: .*model\n$/,
  },
  "vaekit/report": { stdout: /^(2[6-9]|3\d)\.\d dB\n$/ },
  "vaekit/report in the browser": { stdout: /^<svg (0\.9\d|1\.0\d)\n$/ },
  "vaekit/tune": {
    // test/cli/tune.test.ts measures; it takes seconds.
    replace: [["await measureCosts();", "void measureCosts;"]],
    stdout:
      /^as a whole: \d+\.\d s, \d+\.\d GB\nin strips: \d+\.\d s, \d+\.\d GB\nwould go (as a whole|in \d+ strips)\n$/,
  },
};

test.each(Object.entries(printed))(
  "the example of %s prints what it says",
  async (module, { replace = [], stdout }) => {
    let program = exampleOf(module);
    for (const [long, short] of replace) {
      expect(program).toContain(long);
      program = program.replace(long, short);
    }
    const { code } = await transform(program, { loader: "ts", format: "esm" });
    const outcome = await consumer.run("program.mjs", code);
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(outcome.stdout).toMatch(stdout);
  },
);

test("the examples for the browser, and the page of examples/vite, compile in a bundler's project", async () => {
  const folder = join(consumer.folder, "browser");
  await mkdir(folder);
  const modules = ["vaekit/web", "vaekit/train in the browser", "vaekit/report in the browser"];
  for (const [index, module] of modules.entries()) {
    await writeFile(join(folder, `${index}.ts`), exampleOf(module));
  }
  await copyFile(join(root, "examples", "vite", "main.ts"), join(folder, "page.ts"));
  const compilerOptions = {
    target: "ES2022",
    lib: ["ES2022", "DOM", "DOM.Iterable", "ESNext.Disposable"],
    module: "ESNext",
    moduleResolution: "bundler",
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: [],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});
