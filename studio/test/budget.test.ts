/** How much a visitor downloads before the engine and the model. */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { viewIds } from "../src/views/view.ts";
import { expect, test } from "vitest";

interface Chunk {
  readonly file: string;
  readonly css?: readonly string[];
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
}

const dist = new URL("../dist/", import.meta.url);

/** Where vaekit's own code begins. */
const engine = "src/engine/open-model.ts";

test("the page with all its views is at most 100 kB of script and style, gzipped", async () => {
  const manifest = JSON.parse(await readFile(new URL(".vite/manifest.json", dist), "utf8")) as Record<
    string,
    Chunk
  >;
  const files = new Set<string>();
  const follow = (key: string): void => {
    const { file, css = [], imports = [], dynamicImports = [] } = manifest[key]!;
    if (files.has(file)) return;
    [file, ...css].forEach((each) => files.add(each));
    [...imports, ...dynamicImports.filter((each) => each !== engine)].forEach(follow);
  };
  follow("index.html");
  expect(Object.keys(manifest)).toContain(engine);
  const own = JSON.parse(await readFile(new URL(".vite/own.json", dist), "utf8")) as string[];
  const counted = [...files].filter((file) => own.includes(file) || file.endsWith(".css"));
  expect(counted.length).toBeGreaterThan(viewIds.length);
  const sizes = await Promise.all(
    counted.map(async (file) => gzipSync(await readFile(new URL(file, dist))).length),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeLessThan(100_000);
});
