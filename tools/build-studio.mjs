/**
 * Builds the studio and puts its page into dist/studio, where `vaekit studio` serves it from. Left out is what the package has
 * already: the model and the sample picture (assets), the engine (onnxruntime-web), of which engine.json has the names; and the
 * service worker, which would keep one model while the program serves another.
 *
 *     npm run build && npm ci --prefix studio && npm run build:studio
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const built = join(root, "studio", "dist");
const packed = join(root, "dist", "studio");
const engine = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/wasm"));

if (!existsSync(join(root, "studio", "node_modules"))) {
  console.error("The studio's packages are not installed. Run: npm ci --prefix studio");
  process.exit(1);
}
execFileSync("npm", ["run", "--silent", "build", "--", "--logLevel", "warn"], {
  cwd: join(root, "studio"),
  stdio: "inherit",
  shell: process.platform === "win32",
});

/** @param {string} path */
const hashOf = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");

const wasm = readdirSync(engine).filter((name) => name.endsWith(".wasm"));
const engineNames = new Map(wasm.map((name) => [hashOf(join(engine, name)), name]));

/** @type {Record<string, string>} */
const engineFiles = {};
const left = ["model", "pictures", "service-worker.js"];

/** @param {string} path */
function isPacked(path) {
  const name = relative(built, path).replaceAll("\\", "/");
  // The built-in models, which the package has and the page does not ask for.
  if (left.includes(name) || name.endsWith(".safetensors")) return false;
  if (!name.endsWith(".wasm")) return true;
  const original = engineNames.get(hashOf(path));
  if (original === undefined) throw new Error(`${name} is not one of onnxruntime-web's files.`);
  engineFiles[name] = original;
  return false;
}

rmSync(packed, { recursive: true, force: true });
cpSync(built, packed, { recursive: true, filter: isPacked });
writeFileSync(join(packed, "engine.json"), `${JSON.stringify(engineFiles, undefined, 2)}\n`);
