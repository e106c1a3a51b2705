/** Writes service-worker.js: its source, with the list of the page's files and a version made of their names. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Plugin } from "vite";

const source = new URL("service-worker.js", import.meta.url);

/** Engines for every kind of browser are many times as large as the page; a visit needs one of them. */
const isOfThePage = (name: string): boolean =>
  name !== "index.html" && !/\.wasm$|-worker-.*\.js$|^model\/|^\.vite\//.test(name);

export function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    enforce: "post",
    async generateBundle(_, bundle) {
      const hash = createHash("sha256");
      for (const name of Object.keys(bundle).sort()) {
        const file = bundle[name]!;
        hash.update(name).update(file.type === "chunk" ? file.code : file.source);
      }
      const names = ["./", ...Object.keys(bundle).filter(isOfThePage)];
      const code = (await readFile(source, "utf8"))
        .replace("__VERSION__", hash.digest("hex").slice(0, 12))
        .replace("__FILES__", JSON.stringify(names));
      this.emitFile({ type: "asset", fileName: "service-worker.js", source: code });
    },
  };
}
