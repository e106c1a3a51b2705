/**
 * How long encoding and decoding take and how much memory they need: vaekit in each of its modes, the plain graph in
 * ONNX Runtime, and diffusers, on the same weights, inputs and machine.
 *
 *     npm run bench -- --help
 *
 * Each mode runs in a process of its own, so that its peak memory is its own; the processes take turns, so that a busy
 * machine disturbs all alike. Needs a build; where Python has no torch and diffusers, theirs are not measured.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeEnvironment } from "./inference/environment.mjs";
import { family } from "./inference/family.mjs";
import { endAll, measureCase } from "./inference/measure.mjs";
import { parseOptions, usage } from "./inference/options.mjs";
import { growthOf } from "./inference/statistics.mjs";
import { built, parseJson } from "./inference/typed.mjs";
import { caseText, environmentText, growthText, insertTables, legend, markdown } from "./inference/table.mjs";

/** @typedef {import("./inference/options.mjs").Options} Options */
/** @typedef {import("./inference/statistics.mjs").Case} Case */
/** @typedef {import("./inference/statistics.mjs").Growth} Growth */
/** @typedef {import("./inference/environment.mjs").Environment} Environment */
/** @typedef {{ environment: Environment, cases: Case[], growth: Growth[] }} Report */

/** @param {string} line */
const log = (line) => process.stdout.write(`${line}\n`);

/** @param {Options} options */
const casesOf = ({ family, halves, sizes }) =>
  family.flatMap((name) => halves.flatMap((half) => sizes.map((side) => ({ name, half, side }))));

/**
 * @param {Options} options
 * @returns {Promise<Report>}
 */
async function measure(options) {
  const environment = describeEnvironment(
    options,
    options.modes.some(({ kind }) => kind === "diffusers"),
  );
  // The random model stays for the next time; everything else goes.
  const cacheFolder = join(tmpdir(), "vaekit-bench");
  mkdirSync(cacheFolder, { recursive: true });
  const workFolder = mkdtempSync(join(cacheFolder, "run-"));
  process.on("exit", () => {
    endAll();
    rmSync(workFolder, { recursive: true, force: true });
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
  /** @type {Case[]} */
  const cases = [];
  log(environmentText(environment));
  for (const { name, half, side } of casesOf(options)) {
    const measured = await measureCase(half, side, {
      ...options,
      modelName: options.model ?? name,
      modelFolder: options.model ?? join(cacheFolder, `${name}-random`),
      config: options.model === undefined ? family[name] : undefined,
      workFolder,
      hasDiffusers: environment.diffusers !== undefined,
      log: (line) => process.stderr.write(`${line}\n`),
    });
    cases.push(measured);
    log(`\n${caseText(measured)}`);
    // An interrupted run keeps what it has.
    if (options.json !== undefined) writeJson(options.json, { environment, cases, growth: growthOf(cases) });
  }
  return { environment, cases, growth: growthOf(cases) };
}

/**
 * @param {readonly string[]} paths
 * @returns {Report} the machine and versions of the first file; the cases of all.
 */
function readReports(paths) {
  const reports = paths.map((path) => {
    try {
      /** @type {Report} */
      const report = parseJson(readFileSync(path, "utf8"));
      return report;
    } catch {
      throw new Error(`--from: ${path}: expected JSON that --json wrote.`);
    }
  });
  const environment = reports[0]?.environment;
  if (environment === undefined || reports.some(({ cases }) => !Array.isArray(cases)))
    throw new Error(`--from: ${paths.join(", ")}: expected JSON that --json wrote.`);
  const cases = reports.flatMap((report) => report.cases);
  log(environmentText(environment));
  for (const one of cases) log(`\n${caseText(one)}`);
  return { environment, cases, growth: growthOf(cases) };
}

/**
 * @param {string} path
 * @param {Report} report
 */
const writeJson = (path, report) => {
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
};

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") {
    log(usage);
    return;
  }
  const report = options.from.length > 0 ? readReports(options.from) : await measure(options);
  const { environment, cases, growth } = report;
  log(`\n${legend}`);
  if (options.growth && growth.length > 0) log(`\n${growthText(growth)}`);
  if (options.json !== undefined) writeJson(options.json, report);
  if (options.markdown !== undefined) {
    const tables = markdown(environment, cases, options.growth ? growth : []);
    const document = existsSync(options.markdown) ? readFileSync(options.markdown, "utf8") : "";
    writeFileSync(options.markdown, insertTables(document, tables));
  }
  if (options.svg !== undefined) {
    /** @type {typeof import("../src/report/index.ts")} */
    const { renderBenchChart, renderGrowthChart } = await built("report/index.js");
    const note = environmentText(environment).split("\n");
    const render = options.growth ? renderGrowthChart : renderBenchChart;
    writeFileSync(options.svg, render({ cases, note }));
  }
}

await main().catch((/** @type {unknown} */ error) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
});
