/**
 * Installs the built package as a stranger does: packs it, installs it with an empty cache into an empty project in a folder of an
 * awkward name, and runs the demo there, with WebAssembly or natively as npm has left it, and then natively. Nothing may be left
 * behind in the home or the temporary folder, and nobody may be phoned. Then publint and arethetypeswrong look at it, and programs
 * that use it are compiled and run on each Node (check-consumers.mjs).
 *
 *   npm run build && node tools/check-package.mjs
 *
 * Needs the npm registry, and on Linux strace to see the system's calls; without strace it says that it has not looked.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkConsumers } from "./check-consumers.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "vaekit package, Ärger 字-"));
/** @param {string} name */
const makeFolder = (name) => {
  const folder = join(work, name);
  mkdirSync(folder);
  return folder;
};
const home = makeFolder("home");
const temporary = makeFolder("temporary");
const project = makeFolder("project");

/** The environment of somebody who has set nothing of npm's or ours; proxies and certificates are the machine's. */
const environment = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|onnxruntime|ort_|vaekit|xdg_)/i.test(name)),
  ),
  ...{ HOME: home, USERPROFILE: home, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
};

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, status?: number }} [options] where, and how it shall end
 * @returns {string} what it printed; of a program that shall fail, with its errors
 */
function run(command, args, { cwd = project, env = environment, status: expected = 0 } = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
  const told = `${command} ${args.join(" ")}\n${stdout}\n${stderr}`;
  assert.equal(status, expected, error === undefined ? told : `${error.message}: ${told}`);
  return expected === 0 ? stdout : stdout + stderr;
}

/** @param {string} line */
const say = (line) => process.stdout.write(`${line}\n`);

/** @param {readonly string[]} args */
const npm = (...args) =>
  run("npm", ["--cache", join(work, "cache"), "--no-audit", "--no-fund", ...args], {
    env: {
      ...environment,
      npm_config_registry: run("npm", ["config", "get", "registry"], { cwd: root }).trim(),
    },
  });

/** Packs, and looks into the package. */
function pack() {
  const options = ["pack", "--json", "--ignore-scripts", "--pack-destination", work];
  /** @type {unknown} */
  const json = JSON.parse(run("npm", options, { cwd: root }));
  const [packed] = /** @type {{ filename: string, size: number, files: { path: string }[] }[]} */ (json);
  assert(packed !== undefined);
  const paths = packed.files.map(({ path }) => path);
  const strange = paths.filter((path) => /\.test\.|\.map$|(^|\/)(test|src|node_modules)\//.test(path));
  assert.deepEqual(strange, [], "files that nobody needs are in the package");
  for (const path of ["dist/runtime/node/worker.js", "dist/data/node/picture-worker.js", "assets/sample.png"])
    assert(paths.includes(path), `${path} is not in the package`);
  say(`packed ${paths.length} files, ${(packed.size / 1e6).toFixed(1)} MB`);
  return join(work, packed.filename);
}

const strace = process.platform === "linux" && spawnSync("strace", ["--version"]).status === 0;

/** @param {string} engine what computes */
function demo(engine) {
  const main = join("node_modules", "vaekit", "dist", "cli", "main.js");
  const command = [process.execPath, main, "demo", "--json", "--out", `demo-${engine}`];
  const calls = join(work, "calls");
  const traced = strace ? ["strace", "-f", "-qq", "-e", "trace=network", "-o", calls, ...command] : command;
  const [program, ...args] = traced;
  assert(program !== undefined);
  /** @type {unknown} */
  const json = JSON.parse(run(program, args));
  const result = /** @type {{ pictures: { psnr: number }[] }} */ (json);
  const { psnr } = /** @type {{ psnr: number }} */ (result.pictures[0]);
  assert(psnr > 29, `the sample picture came back with ${psnr} dB`);
  assert.deepEqual(
    readdirSync(home).filter((name) => name !== ".npm"),
    [],
    "files in the home folder",
  );
  assert.deepEqual(readdirSync(temporary), [], "files in the temporary folder");
  if (strace) {
    const phoned = readFileSync(calls, "utf8")
      .split("\n")
      .filter((line) => /AF_INET|nscd/.test(line));
    assert.deepEqual(phoned, [], "a look-up or a connection");
  }
  say(
    `${engine}: ${psnr.toFixed(2)} dB, no files left, ${strace ? "nobody phoned" : "NOT CHECKED whether anybody is phoned: strace is missing"}`,
  );
}

/** What publint and arethetypeswrong say of the package; it is for ES modules alone. @param {string} tarball */
function lintPackage(tarball) {
  npm("exec", "--yes", "--package=publint@0.3.25", "--", "publint", "run", tarball, "--strict");
  npm(
    "exec",
    "--yes",
    "--package=@arethetypeswrong/cli@0.18.5",
    "--",
    "attw",
    tarball,
    "--profile",
    "esm-only",
  );
  say("publint and arethetypeswrong find nothing");
}

/** Every entry of the package can be imported by its public name. */
function imports() {
  const program =
    'import "vaekit"; import "vaekit/node"; import "vaekit/web"; import { train } from "vaekit/train"; console.log(typeof train);';
  assert.equal(run(process.execPath, ["--input-type=module", "-e", program]).trim(), "function");
  say("every entry can be imported");
}

try {
  const tarball = pack();
  writeFileSync(join(project, "package.json"), '{ "private": true }');
  npm("install", tarball);
  /** @type {unknown} */
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { version } = /** @type {{ version: string }} */ (manifest);
  assert.equal(run("npx", ["--no", "--", "vaekit", "--version"]).trim(), version);
  const hasNative = () => readdirSync(join(project, "node_modules")).includes("onnxruntime-node");
  imports();
  demo(hasNative() ? "as installed, natively" : "as installed, in WebAssembly");
  npm("install", "--ignore-scripts");
  assert(hasNative(), "npm install --ignore-scripts did not add onnxruntime-node");
  demo("natively");
  lintPackage(tarball);
  checkConsumers({ project, root, run, npm, say });
} finally {
  rmSync(work, { recursive: true, force: true });
}
