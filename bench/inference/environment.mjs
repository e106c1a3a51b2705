/** What a result must be read with: the machine and the versions. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem } from "node:os";
import { env as webEnvironment } from "onnxruntime-web";
import { diffusersScript } from "./measure.mjs";
import { as, parseJson } from "./typed.mjs";

/**
 * @typedef {object} Environment
 * @property {string} date
 * @property {string} cpu
 * @property {number} cores that this process may use
 * @property {number} memoryBytes
 * @property {string} platform
 * @property {number} threads of the native modes
 * @property {string} node
 * @property {string} vaekit
 * @property {string} onnxruntimeNode
 * @property {string} onnxruntimeWeb
 * @property {string} [torch]
 * @property {string} [diffusers]
 */

const require = createRequire(import.meta.url);

/** @param {string} path */
function versionIn(path) {
  /** @type {{ version: string }} */
  const { version } = as(require(path));
  return version;
}

/**
 * @param {{ threads: number, python: string }} options
 * @param {boolean} wantsDiffusers
 * @returns {Environment}
 */
export function describeEnvironment({ threads, python }, wantsDiffusers) {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    threads,
    node: process.versions.node,
    vaekit: versionIn("../../package.json"),
    onnxruntimeNode: versionIn("onnxruntime-node/package.json"),
    onnxruntimeWeb: webEnvironment.versions.web ?? "unknown",
    ...(wantsDiffusers ? pythonVersions(python) : {}),
  };
}

/**
 * @param {string} python
 * @returns {{ torch?: string, diffusers?: string }} nothing where Python or one of the two is missing.
 */
function pythonVersions(python) {
  const { status, stdout } = spawnSync(python, [diffusersScript, "--versions"], { encoding: "utf8" });
  if (status !== 0) return {};
  return parseJson(stdout.trim().split("\n").at(-1) ?? "{}");
}
