/** Measures all modes on one half at one size, in turns. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Contender } from "./contender.mjs";
import { diffusersBaseline } from "./modes.mjs";
import { summarize } from "./statistics.mjs";
import { parseJson } from "./typed.mjs";

/** @typedef {import("./modes.mjs").Mode} Mode */
/** @typedef {import("./modes.mjs").Half} Half */
/** @typedef {import("./options.mjs").Options} Options */
/** @typedef {import("./measured-process.mjs").Settings} Settings */

/** Contenders with a process, which must not outlive this one. @type {Set<Contender>} */
const running = new Set();

export function endAll() {
  for (const contender of running) contender.end();
}

/** @param {string} path */
const script = (path) => fileURLToPath(new URL(path, import.meta.url));

export const diffusersScript = script("../../tools/reference/bench_diffusers.py");

/**
 * @param {Half} half
 * @param {number} side
 * @param {Options & { modelName: string, modelFolder: string, config: object | undefined, workFolder: string, hasDiffusers: boolean, log: (line: string) => void }} options
 * @returns {Promise<import("./statistics.mjs").Case>}
 */
export async function measureCase(half, side, options) {
  const { rounds, workFolder, log } = options;
  const files = {
    inputFile: join(workFolder, "input.f32"),
    graphFile: join(workFolder, "plain.onnx"),
  };
  const usesGraph = options.modes.some(({ kind, maxSide }) => kind.endsWith("plain") && side <= maxSide);
  const { modelFolder } = options;
  const shape = prepare({
    modelFolder,
    ...(options.config === undefined ? {} : { config: options.config }),
    half,
    side,
    inputFile: files.inputFile,
    ...(usesGraph ? { graphFile: files.graphFile } : {}),
  });
  const outputFile = (/** @type {string} */ name) => join(workFolder, `${name}.f32`);
  const contenders = options.modes.map((mode) => {
    const { threads = options.threads } = mode;
    const { maxMemoryBytes } = options;
    /** @type {Settings} */
    const settings = {
      mode,
      half,
      shape,
      threads,
      maxMemoryBytes,
      modelFolder,
      ...files,
      outputFile: outputFile(mode.name),
    };
    return contenderOf(mode, side, settings, options);
  });
  try {
    for (const contender of contenders) running.add(contender);
    for (let round = 1; round <= rounds; round++) {
      // Every other round backwards: nobody always runs after the same neighbour.
      for (const contender of round % 2 === 0 ? contenders : [...contenders].reverse()) {
        if (contender.error !== undefined) continue;
        await contender.advance();
        log(`${options.modelName}  ${progress(half, side, round, rounds, contender)}`);
      }
    }
    const results = summarize(contenders, differencesOf(contenders, outputFile));
    return { model: options.modelName, half, side, rounds, otherWork: otherWorkOf(contenders), results };
  } finally {
    endAll();
    running.clear();
    for (const file of [...Object.values(files), ...options.modes.map(({ name }) => outputFile(name))])
      rmSync(file, { force: true });
  }
}

/**
 * @param {Mode} mode
 * @param {number} side
 * @param {Settings} settings
 * @param {{ python: string, hasDiffusers: boolean }} options
 */
function contenderOf(mode, side, settings, { python, hasDiffusers }) {
  const [program, file] =
    mode.kind === "diffusers"
      ? [python, diffusersScript]
      : [process.execPath, script("measured-process.mjs")];
  const contender = new Contender({ mode, command: [program, file, JSON.stringify(settings)] });
  if (side > mode.maxSide) contender.error = `not measured above ${mode.maxSide} pixels`;
  else if (mode.kind === "diffusers" && !hasDiffusers)
    contender.error = `not measured: ${python} has no torch and diffusers (--python PATH)`;
  return contender;
}

/**
 * The share of the processor that other programs used while the modes ran.
 *
 * @param {readonly Contender[]} contenders
 */
function otherWorkOf(contenders) {
  const sum = (/** @type {(contender: Contender) => number} */ pick) =>
    contenders.reduce((total, contender) => total + pick(contender), 0);
  return sum(({ otherMilliseconds }) => otherMilliseconds) / sum(({ coreMilliseconds }) => coreMilliseconds);
}

/**
 * @param {import("./prepare.mjs").Request} request
 * @returns {number[]} the input's shape
 */
function prepare(request) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script("prepare.mjs"), JSON.stringify(request)],
    {
      encoding: "utf8",
    },
  );
  if (status === 0) return parseJson(stdout);
  const reason = /^\w*Error: (.*)$/m.exec(stderr)?.[1] ?? stderr.trim().split("\n").at(-1) ?? "";
  throw new Error(`The bench's model could not be prepared: ${reason}`);
}

/**
 * @param {Half} half
 * @param {number} side
 * @param {number} round
 * @param {number} rounds
 * @param {Contender} contender
 */
function progress(half, side, round, rounds, { mode, error, milliseconds, firstMilliseconds }) {
  const seconds = (/** @type {readonly number[]} */ calls) => ((calls.at(-1) ?? NaN) / 1000).toFixed(2);
  const calls = `first call ${seconds(firstMilliseconds)} s, later ${seconds(milliseconds)} s`;
  return `${half} ${side}  round ${round}/${rounds}  ${mode.label}: ${error ?? calls}`;
}

/**
 * Largest absolute difference of each mode's output from the plain graph's in the same runtime; of the plain graph's
 * own from the native one's, and of that from diffusers'. Where one was not measured, the next in that order.
 *
 * @param {readonly Contender[]} contenders
 * @param {(name: string) => string} outputFile
 */
function differencesOf(contenders, outputFile) {
  const outputs = contenders.filter(({ mode }) => existsSync(outputFile(mode.name)));
  /** @type {Map<string, number>} */
  const differences = new Map();
  for (const { mode } of outputs) {
    const reference = [mode.plain, "plain", diffusersBaseline].find(
      (name) => name !== mode.name && outputs.some((other) => other.mode.name === name),
    );
    if (reference === undefined) continue;
    differences.set(
      mode.name,
      maxDifference(readFloats(outputFile(mode.name)), readFloats(outputFile(reference))),
    );
  }
  return differences;
}

/** @param {string} path */
function readFloats(path) {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/**
 * @param {Float32Array} actual
 * @param {Float32Array} expected
 */
function maxDifference(actual, expected) {
  if (actual.length !== expected.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN));
    // Comparing this way round, NaN counts as a difference.
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
