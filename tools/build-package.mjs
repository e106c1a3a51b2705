/**
 * Makes of the compiled modules in build/modules what becomes the package, in dist. For browsers, the modules as they are
 * but for their comments: a bundler leaves out what a page does not use. For Node, each entry point with what it shares with others in few
 * files, since opening three hundred small ones is slow. Declarations as far as the entries' mention them.
 *
 *     tsc -b tsconfig.web.json tsconfig.node.json && node tools/build-package.mjs
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { withDirectImports } from "./direct-imports.mjs";

const browserEntries = [
  "report/public.js",
  "train/public.js",
  "web/index.js",
  "web/only-in-node.js",
  // What a page starts by their addresses.
  "web/worker/jspi-worker.js",
  "web/worker/wasm-worker.js",
  "web/worker/webgpu-worker.js",
];

/** The worker of pages without a bundler, in one file: what it needs of packages is in it, but for onnxruntime-web. */
const linkedWorker = "web/worker/linked-worker.js";

/** The entry points, the program, and the threads that are started from a file: where each lies in dist, and its module. */
const nodeEntries = {
  "cli/main": "cli/main.js",
  "data/node/picture-worker": "data/node/picture-worker.js",
  "node/index": "node/index.js",
  "node/report/index": "node/report/index.js",
  "node/tune/index": "node/tune/index.js",
  // So that a program which imports vaekit and vaekit/web has one Tensor.
  "node/web": "web/index.js",
  "runtime/node/worker": "runtime/node/worker.js",
  "training/index": "training/index.js",
};

/**
 * package.json says that no module does anything by being imported; to this one, which refuses an old Node, that does not
 * apply here.
 *
 * @type {import("esbuild").Plugin}
 */
const keepVersionCheck = {
  name: "keep the check of Node's version",
  setup(build) {
    build.onResolve({ filter: /\/supported-node\.js$/ }, ({ resolveDir, path }) => ({
      path: join(resolveDir, path),
      sideEffects: true,
    }));
  },
};

/** What pages load when they need it and Node loads at once: opening many small files takes longer than reading one. */
const lateInPages =
  /[\\/]modules[\\/](models|weights)[\\/]|[\\/](vae[\\/](described-vae|latents-watch|read-model)|web[\\/]classes)\.js$/;

/** @type {import("esbuild").Plugin} */
const loadAtOnce = {
  name: "load at once what pages load late",
  setup(build) {
    build.onLoad({ filter: lateInPages }, ({ path }) => {
      /** @type {string[]} */
      const imports = [];
      const text = readFileSync(path, "utf8").replace(
        /\bimport\("(\.[^"]+)"\)/g,
        (/** @type {string} */ _, /** @type {string} */ from) => {
          const name = `loaded${imports.length}`;
          imports.push(`import * as ${name} from "${from}";`);
          return `Promise.resolve(${name})`;
        },
      );
      return { contents: [...imports, text].join("\n"), loader: "js" };
    });
  },
};

/** @type {import("esbuild").BuildOptions} */
const options = {
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "neutral",
  external: ["node:*"],
  packages: "external",
  target: "es2022",
  logLevel: "warning",
};

/** @param {string} root the project; its build/modules must be up to date. */
export async function buildPackage(root) {
  const modules = join(root, "build", "modules");
  const dist = join(root, "dist");
  rmSync(dist, { recursive: true, force: true });
  const forBrowsers = await modulesOf(modules, browserEntries);
  const typed = [...browserEntries, ...Object.values(nodeEntries)].map((entry) => join(modules, entry));
  for (const path of declarationsOf(typed)) cpSync(path, join(dist, relative(modules, path)));
  // Each by itself, without its comments, which its declarations have.
  const { outputFiles } = await build({
    absWorkingDir: modules,
    entryPoints: [...forBrowsers],
    outdir: dist,
    outbase: modules,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
    write: false,
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [path, text]));
  for (const [path, text] of withDirectImports(
    texts,
    browserEntries.map((entry) => join(dist, entry)),
  )) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  await build({
    ...options,
    absWorkingDir: modules,
    entryPoints: nodeEntries,
    outdir: dist,
    // As deep as src/files/node/package-file.ts expects.
    chunkNames: "chunks/[name]-[hash]",
    plugins: [keepVersionCheck, loadAtOnce],
  });
  await build({
    ...options,
    splitting: false,
    packages: "bundle",
    minify: true,
    absWorkingDir: modules,
    entryPoints: [linkedWorker],
    outdir: dist,
    outbase: modules,
  });
}

/**
 * @param {readonly string[]} entries the paths of modules
 * @returns {Set<string>} the paths of the declarations that whoever imports them sees
 */
function declarationsOf(entries) {
  /** @type {Set<string>} */
  const found = new Set();
  /** @param {string} path */
  const follow = (path) => {
    const declaration = path.replace(/\.[jt]s$/, ".d.ts");
    if (found.has(declaration)) return;
    found.add(declaration);
    const text = readFileSync(declaration, "utf8");
    for (const [, imported] of text.matchAll(/(?:from|import\(?)\s*"(\.[^"]+)"/g))
      follow(join(dirname(declaration), imported ?? ""));
  };
  entries.forEach(follow);
  return found;
}

/**
 * @param {string} folder
 * @param {readonly string[]} entries
 * @returns {Promise<Set<string>>} the paths of everything that the entries import
 */
async function modulesOf(folder, entries) {
  const { metafile } = await build({
    ...options,
    absWorkingDir: folder,
    entryPoints: [...entries],
    outdir: "unwritten",
    write: false,
    metafile: true,
    // Modules whose exports nobody uses are imported all the same.
    ignoreAnnotations: true,
  });
  return new Set(Object.keys(metafile.inputs).map((path) => join(folder, path)));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await buildPackage(fileURLToPath(new URL("..", import.meta.url)));
