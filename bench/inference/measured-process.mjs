/**
 * One mode in a process of its own: `node measured-process.mjs SETTINGS`. Writes a line of JSON when the model is
 * loaded; then runs once for each line that it reads and answers with the time, the process's peak memory and
 * what vaekit chose.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { runnerOf } from "./runners.mjs";
import { peakBytes } from "./memory.mjs";
import { parseJson } from "./typed.mjs";

/**
 * What a measured process is told.
 *
 * @typedef {object} Settings
 * @property {import("./modes.mjs").Mode} mode
 * @property {import("./modes.mjs").Half} half
 * @property {readonly number[]} shape of the input
 * @property {number} threads
 * @property {number} [maxMemoryBytes]
 * @property {string} modelFolder
 * @property {string} graphFile the plain graph, with its weights
 * @property {string} inputFile float32, as the machine stores them
 * @property {string} outputFile where the first call's result goes, float32
 */

/** @param {Record<string, unknown>} message */
const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** @param {unknown} error */
const fail = (error) => {
  answer({ error: error instanceof Error ? error.message : String(error) });
  process.exit(1);
};

/** @param {string} path */
function readFloats(path) {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

async function main() {
  /** @type {Settings} */
  const settings = parseJson(process.argv[2] ?? "{}");
  const input = readFloats(settings.inputFile);
  const start = performance.now();
  const { run, plan } = await runnerOf(settings);
  answer({ loadMilliseconds: performance.now() - start });
  let isFirst = true;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "") continue;
    const [before, cpuBefore] = [performance.now(), process.cpuUsage()];
    const output = await run(input);
    const milliseconds = performance.now() - before;
    const { user, system } = process.cpuUsage(cpuBefore);
    if (isFirst) writeFileSync(settings.outputFile, output);
    isFirst = false;
    answer({ milliseconds, cpuMilliseconds: (user + system) / 1000, peakBytes: peakBytes(), plan: plan?.() });
  }
  // Worker threads of the runtimes may still be there.
  process.exit(0);
}

await main().catch(fail);
