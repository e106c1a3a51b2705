/** Makes the page: page.ts in a bundle of esbuild, with ONNX Runtime's WebAssembly beside it as docs/browser.md says. */
import { readdir, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const dist = fileURLToPath(new URL("../../dist", import.meta.url));
const workers = ["wasm-worker", "jspi-worker", "webgpu-worker"];

const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>vaekit under test</title>
    <link rel="icon" href="data:," />
    <script type="module" src="page.js"></script>
  </head>
  <body></body>
</html>
`;

/** @param folder gets index.html, page.js, its chunks and the WebAssembly. */
export async function bundlePage(folder: string): Promise<void> {
  await build({
    entryPoints: {
      page: fileURLToPath(new URL("page.ts", import.meta.url)),
      // Beside the page's own files, where they are looked for.
      ...Object.fromEntries(workers.map((name) => [name, join(dist, "web", "worker", `${name}.js`)])),
    },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "warning",
  });
  await writeFile(join(folder, "index.html"), html);
  const engine = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
  for (const name of await readdir(engine))
    if (/^ort-wasm-.*\.(wasm|mjs)$/.test(name)) await symlink(join(engine, name), join(folder, name));
}
