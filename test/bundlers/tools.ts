/** The bundlers, each as a person who has read docs/browser.md uses it, and where the page then is. */
import { spawn, type ChildProcess } from "node:child_process";
import { copyFile, cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { endOf } from "../child-end.ts";
import { freePort } from "../browser/free-port.ts";
import { startStaticServer } from "../browser/static-server.ts";
import { html, nextApp, plainApp } from "./app.ts";

const model = fileURLToPath(new URL("../../assets/default-vae", import.meta.url));

/** A page that can be opened. */
export interface ServedApp {
  readonly url: string;
  stop(): Promise<void>;
}

/** Builds and serves an app. @param folder of the app, with what is installed in a folder above it */
export type Tool = (folder: string) => Promise<ServedApp>;

async function writeApp(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  await cp(model, join(folder, "public", "model"), { recursive: true });
}

const environment = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: undefined };

function start(folder: string, name: string, args: readonly string[]): ChildProcess {
  const command = join(folder, "..", "node_modules", ".bin", name);
  return spawn(command, args, { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs a program that is installed. @throws with all that it printed */
async function run(folder: string, name: string, ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await endOf(start(folder, name, args));
  if (code !== 0) throw new Error(`${name} ${args.join(" ")} ended with ${code}:\n${stdout}\n${stderr}`);
}

/** Serves what was built, with the headers that let it have threads. */
async function serve(folders: Readonly<Record<string, string>>): Promise<ServedApp> {
  const server = await startStaticServer({ folders, isIsolated: true });
  return { url: `${server.origin}/`, stop: () => server.close() };
}

/** Starts a server of a bundler's, and waits until it answers. */
async function serveWith(folder: string, name: string, ...args: readonly string[]): Promise<ServedApp> {
  const port = await freePort();
  const child = start(folder, name, [...args, "--port", String(port)]);
  const ended = endOf(child);
  const url = `http://127.0.0.1:${port}/`;
  const state = { hasEnded: false };
  void ended.finally(() => (state.hasEnded = true));
  const answers = (): Promise<boolean> =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!state.hasEnded && !(await answers())) await new Promise((resolve) => setTimeout(resolve, 100));
  if (state.hasEnded) throw new Error(`${name} ended: ${JSON.stringify(await ended)}`);
  return {
    url,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

const page = html('<script type="module" src="main.js"></script>');

async function vite(folder: string): Promise<ServedApp> {
  await writeApp(folder, { ...plainApp, "index.html": page });
  await run(folder, "vite", "build");
  return serve({ "/": join(folder, "dist") });
}

async function viteDevelopment(folder: string): Promise<ServedApp> {
  await writeApp(folder, { ...plainApp, "index.html": page });
  return serveWith(folder, "vite", "--host", "127.0.0.1", "--strictPort");
}

/** webpack and rspack have one interface; this is what their command lines do with `--entry ./main.js`. */
const packerOf =
  (packageName: string): Tool =>
  async (folder) => {
    const build = `import * as module from "${packageName}";
const pack = module.default ?? module.rspack;
pack({ mode: "production", context: import.meta.dirname, entry: "./main.js" }, (error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
});
`;
    await writeApp(folder, { ...plainApp, "build.mjs": build });
    const { code, stderr } = await endOf(
      spawn(process.execPath, ["build.mjs"], { cwd: folder, env: environment, stdio: "pipe" }),
    );
    if (code !== 0) throw new Error(stderr);
    await writeFile(join(folder, "dist", "index.html"), html('<script defer src="main.js"></script>'));
    return serve({ "/": join(folder, "dist"), "/model/": model });
  };

async function esbuild(folder: string): Promise<ServedApp> {
  await writeApp(folder, plainApp);
  const worker = "wasm-worker=../node_modules/vaekit/dist/web/worker/wasm-worker.js";
  const options = ["--bundle", "--splitting", "--format=esm", "--minify", "--outdir=dist"];
  await run(folder, "esbuild", "main.js", worker, ...options);
  // The line of docs/browser.md.
  const wasm = "ort-wasm-simd-threaded.wasm";
  await copyFile(
    join(folder, "..", "node_modules", "onnxruntime-web", "dist", wasm),
    join(folder, "dist", wasm),
  );
  await writeFile(join(folder, "dist", "index.html"), page);
  return serve({ "/": join(folder, "dist"), "/model/": model });
}

async function next(folder: string): Promise<ServedApp> {
  await writeApp(folder, nextApp);
  await run(folder, "next", "build");
  return serveWith(folder, "next", "start", "--hostname", "127.0.0.1");
}

/** No bundler: the modules as they are, found through the map of docs/browser.md. */
async function importMap(folder: string): Promise<ServedApp> {
  const imports = {
    vaekit: "/node_modules/vaekit/dist/web/index.js",
    "@bufbuild/protobuf/wire": "/node_modules/@bufbuild/protobuf/dist/esm/wire/index.js",
    "onnxruntime-web/wasm": "/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
  };
  const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
  const script = `${map}<script type="module" src="main.js"></script>`;
  await writeApp(folder, { ...plainApp, "index.html": html(script) });
  return serve({ "/": folder, "/model/": model, "/node_modules/": join(folder, "..", "node_modules") });
}

export const tools: Readonly<Record<string, Tool>> = {
  vite,
  "vite-development": viteDevelopment,
  webpack: packerOf("webpack"),
  rspack: packerOf("@rspack/core"),
  esbuild,
  next,
  "import-map": importMap,
};
