/**
 * Mutation testing: changes one thing in the source and looks whether a test notices.
 *
 *   npm run mutate -- src/latents            a sample of 60 changes in a folder
 *   npm run mutate -- src/latents --all      every change
 *   npm run mutate -- src/hub --seed b --count 100 --report hub.json
 *   npm run mutate -- src/hub --retry hub.json     only those that survived, after tests were added
 *
 * Stryker's instrumenter makes the changes. Its own runner is not used, for it sees only what happens in a test's own process, and
 * much of vaekit runs in processes and threads of its own: the command line, training, the native runtime. Here coverage and the
 * switch reach all of them.
 *
 * For each folder the tests that are nearest by imports run once, to see which changes each meets and how long it takes. Then each
 * change of the sample is switched on, and the tests that meet it run, the quickest first, up to a limit, until one fails. So the
 * score is a lower bound: a test farther away may notice, too. What no near test meets counts as survived.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Lane } from "./lane-process.mjs";
import { makeMutants, sample } from "./mutants.mjs";
import { importGraph, nearestTests } from "./nearest-tests.mjs";
import { copyProject, writeInstrumented } from "./workspace.mjs";
import { folderVariable } from "./write-coverage.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

const say = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`);
const complain = (/** @type {string} */ line) => void process.stderr.write(`${line}\n`);

const { values: options, positionals } = readArguments();
const folder = positionals[0]?.replace(/\/$/, "");
const [count, testCount, limitSeconds] = [positive("count"), positive("tests"), positive("limit-seconds")];
if (folder === undefined || !existsSync(join(root, folder))) {
  complain("Name a folder or a file of src: npm run mutate -- src/latents");
  process.exit(2);
}
if (!existsSync(join(root, "dist/cli/main.js"))) {
  complain("dist is missing, and some tests run the built program. Build it first: npm run build");
  process.exit(2);
}

/** @typedef {import("./mutants.mjs").Mutant & { status: "killed" | "timeout" | "survived" | "not covered", by?: string, tests: number }} Result */
/** @typedef {{ file: string, milliseconds: number, met: Set<string> }} Measured */

// Before anything is made that would stay behind.
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]))
  process.on(signal, () => process.exit(1));
const workspace = copyProject(root);
process.on("exit", workspace.remove);

const isTest = (/** @type {string} */ file) => file.endsWith(".test.ts");
const sources = workspace.files.filter((file) => /^src\/.*\.ts$/.test(file));
const tests = workspace.files.filter((file) => /^test\/.*\.ts$/.test(file) || isTest(file));
const targets = sources.filter((file) => (file === folder || file.startsWith(`${folder}/`)) && !isTest(file));

const { files: instrumented, mutants } = await makeMutants(workspace.path, targets);
await writeInstrumented(workspace.path, instrumented);
const nearest = nearestTests(importGraph(root, sources, tests), targets, testCount);
say(`${folder}: ${mutants.length} changes in ${targets.length} files; ${nearest.length} test files near`);

const measured = await measureCoverage(nearest);
report(await tryAll(chooseMutants()));
process.exit(0);

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        all: { type: "boolean", default: false },
        count: { type: "string", default: "60" },
        seed: { type: "string", default: "a" },
        /** How many test files, the nearest ones, are looked at. */
        tests: { type: "string", default: "30" },
        /** How long the tests of one change may take together. */
        "limit-seconds": { type: "string", default: "40" },
        report: { type: "string" },
        retry: { type: "string" },
      },
    });
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}

/**
 * @param {"count" | "tests" | "limit-seconds"} name
 * @returns {number}
 */
function positive(name) {
  const value = Number(options[name]);
  if (value > 0) return value;
  complain(`--${name}: expected a number above 0, found ${options[name]}.`);
  process.exit(2);
}

/** @returns {readonly import("./mutants.mjs").Mutant[]} */
function chooseMutants() {
  if (options.retry !== undefined) {
    /** @type {unknown} */
    const json = JSON.parse(readFileSync(options.retry, "utf8"));
    const before = /** @type {{ mutants: Result[] }} */ (json);
    const survived = new Set(before.mutants.filter(isSurvivor).map(({ key }) => key));
    return mutants.filter(({ key }) => survived.has(key));
  }
  return options.all ? mutants : sample(mutants, count, options.seed);
}

/**
 * @param {readonly string[]} files
 * @returns {Promise<Measured[]>} those that pass unchanged, the quickest first
 */
async function measureCoverage(files) {
  const lane = new Lane(workspace.path, [here("coverage-setup.mjs")]);
  const preload = `--import ${pathToFileURL(here("coverage-preload.mjs")).href}`;
  /** @type {Measured[]} */
  const found = [];
  for (const file of files) {
    const met = join(workspace.path, ".coverage");
    const env = { [folderVariable]: met, NODE_OPTIONS: preload };
    const runOnce = () => {
      rmSync(met, { recursive: true, force: true });
      mkdirSync(met);
      return lane.run([file], env, 600_000);
    };
    const first = await runOnce();
    const { failed, milliseconds } =
      first.milliseconds === undefined || first.failed ? await runOnce() : first;
    if (failed !== undefined || milliseconds === undefined)
      say(`left out, for it fails without any change: ${file}`);
    else
      found.push({
        file,
        milliseconds,
        met: new Set(readdirSync(met).flatMap((name) => readFileSync(join(met, name), "utf8").split("\n"))),
      });
  }
  lane.end();
  return found.sort((a, b) => a.milliseconds - b.milliseconds);
}

/**
 * @param {readonly import("./mutants.mjs").Mutant[]} chosen
 * @returns {Promise<Result[]>}
 */
async function tryAll(chosen) {
  const lane = new Lane(workspace.path);
  /** @type {Result[]} */
  const tried = [];
  for (const mutant of chosen) {
    tried.push({ ...mutant, ...(await tryOne(lane, mutant)) });
    if (tried.length % 10 === 0) say(`${tried.length} of ${chosen.length}: ${percent(tried)} noticed`);
  }
  await checkKillers(lane, tried);
  lane.end();
  return tried;
}

/**
 * A test that fails by chance notices nothing: each that did notice must pass once more with no change on.
 *
 * @param {Lane} lane
 * @param {readonly Result[]} tried
 */
async function checkKillers(lane, tried) {
  for (const file of new Set(tried.map(({ by }) => by))) {
    if (file === undefined) continue;
    const { failed, timedOut } = await lane.run([file], { __STRYKER_ACTIVE_MUTANT__: "" }, 600_000);
    if (failed === undefined && timedOut !== true) continue;
    const counted = tried.filter(({ by }) => by === file).length;
    say(`unsure: ${file} noticed ${counted} of the changes, and now fails without any`);
  }
}

/**
 * @param {Lane} lane
 * @param {import("./mutants.mjs").Mutant} mutant
 * @returns {Promise<Pick<Result, "status" | "by" | "tests">>}
 */
async function tryOne(lane, mutant) {
  const files = withinLimit(measured.filter(({ met }) => met.has(mutant.id)));
  if (files.length === 0) return { status: "not covered", tests: 0 };
  const expectedMs = files.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const answer = await lane.run(
    files.map(({ file }) => file),
    { __STRYKER_ACTIVE_MUTANT__: mutant.id },
    // A machine that is busy is slower; what hangs takes far longer than this.
    20_000 + 5 * expectedMs,
  );
  if (answer.timedOut === true) return { status: "timeout", tests: files.length };
  if (answer.failed === undefined) return { status: "survived", tests: files.length };
  return { status: "killed", by: answer.failed, tests: files.length };
}

/**
 * @param {readonly Measured[]} files the quickest first
 * @returns {Measured[]} as many as run within the limit, one at least
 */
function withinLimit(files) {
  const limitMs = 1000 * limitSeconds;
  let sum = 0;
  return files.filter(({ milliseconds }, index) => (sum += milliseconds) <= limitMs || index === 0);
}

/** @param {Pick<Result, "status">} result */
function isSurvivor({ status }) {
  return status === "survived" || status === "not covered";
}

/** @param {readonly Result[]} tried */
function percent(tried) {
  return `${((100 * tried.filter((result) => !isSurvivor(result)).length) / tried.length).toFixed(0)} %`;
}

/** @param {readonly Result[]} tried */
function report(tried) {
  for (const { file, line, mutator, status, original, replacement } of tried.filter(isSurvivor)) {
    const short = (/** @type {string} */ text) => text.replace(/\s+/g, " ").slice(0, 100);
    say(`${status}: ${file}:${line} ${mutator}\n    ${short(original)}\n    ${short(replacement)}`);
  }
  const noticed = tried.filter((result) => !isSurvivor(result)).length;
  say(`${folder}: ${noticed} of ${tried.length} noticed, ${percent(tried)}`);
  if (options.report === undefined) return;
  const summary = {
    folder,
    seed: options.seed,
    total: mutants.length,
    tried: tried.length,
    noticed,
    mutants: tried,
  };
  writeFileSync(options.report, `${JSON.stringify(summary, undefined, 1)}\n`);
}
