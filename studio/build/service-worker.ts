/** Writes service-worker.js: its source, with the lists of files that it keeps, and versions made of their content. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Plugin, Rollup } from "vite";

const source = new URL("service-worker.js", import.meta.url);

/** Engines for every kind of browser are many times as large as the page; a visit needs one of them. */
const isOfThePage = (name: string): boolean =>
  name !== "index.html" &&
  !/\.wasm$|\.safetensors$|(?:wasm|jspi|webgpu)-worker-.*\.js$|^model\/|^\.vite\//.test(name);

type Bundle = Rollup.OutputBundle;

const contentOf = (file: Bundle[string]): string | Uint8Array =>
  file.type === "chunk" ? file.code : file.source;

function hashOf(bundle: Bundle, names: readonly string[]): string {
  const hash = createHash("sha256");
  for (const name of [...names].sort()) hash.update(name).update(contentOf(bundle[name]!));
  return hash.digest("hex").slice(0, 12);
}

/** Which of the engine's files a worker's script names. */
function enginesOf(bundle: Bundle): Record<string, string[]> {
  const wasm = Object.keys(bundle).filter((name) => name.endsWith(".wasm"));
  const workers = Object.keys(bundle).filter((name) => /worker-.*\.js$/.test(name));
  const textOf = (name: string): string => Buffer.from(contentOf(bundle[name]!)).toString();
  return Object.fromEntries(
    workers.map((name) => {
      const text = textOf(name);
      return [name, wasm.filter((each) => text.includes(basename(each)))];
    }),
  );
}

export function serviceWorker(): Plugin {
  let publicFolder = "";
  return {
    name: "service-worker",
    apply: "build",
    enforce: "post",
    configResolved({ publicDir }) {
      publicFolder = publicDir;
    },
    async generateBundle(_, bundle) {
      const names = Object.keys(bundle);
      const unhashed = names.filter((name) => !/^assets\/|^model\/|^\.vite\//.test(name));
      const parts: Readonly<Record<string, unknown>> = {
        __PAGE__: hashOf(bundle, unhashed),
        __MODEL__: hashOf(
          bundle,
          names.filter((name) => name.startsWith("model/")),
        ),
        __FILES__: JSON.stringify(["", ...(await readdir(publicFolder)), ...names.filter(isOfThePage)]),
        __ASSETS__: JSON.stringify(names.filter((name) => name.startsWith("assets/"))),
        __ENGINES__: JSON.stringify(enginesOf(bundle)),
      };
      const code = (await readFile(source, "utf8")).replace(/__[A-Z]+__/g, (name) => String(parts[name]));
      this.emitFile({ type: "asset", fileName: "service-worker.js", source: code });
    },
  };
}
