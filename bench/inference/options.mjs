/** The command line of the bench. */
import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { family } from "./family.mjs";
import { modes, modesNamed } from "./modes.mjs";

/** @typedef {import("./modes.mjs").Mode} Mode */
/** @typedef {import("./modes.mjs").Half} Half */

export const usage = `npm run bench -- [options]

  --sizes LIST      sides of the square pictures in pixels (256,512,1024)
  --half NAME       encode, decode or both (both)
  --modes LIST      all, vaekit, diffusers, wasm, or single modes (all):
                    ${modes
                      .slice(0, 4)
                      .map(({ name }) => name)
                      .join(", ")},
                    ${modes
                      .slice(4, 8)
                      .map(({ name }) => name)
                      .join(", ")},
                    ${modes
                      .slice(8)
                      .map(({ name }) => name)
                      .join(", ")}
  --rounds N        processes of each mode, in turns with the others, each with a first call and a later one (5)
  --threads N       threads of the native modes (2)
  --memory SIZE     budget of vaekit's exact and auto tiling, such as 2GB
  --quick           256 pixels, 2 rounds, without WASM
  --growth          vaekit at 256, 512, 1024 and 2048 pixels, 2 rounds, with the exponents
  --model FOLDER    a model in diffusers' format (random weights of FLUX.1's size)
  --family          each class at its published size with random weights: vaekit and diffusers at 512 pixels, 2 rounds
  --only LIST       some of the family: ${Object.keys(family).join(", ")}
  --python PATH     a Python with torch and diffusers (python3)
  --json FILE       the results, with the machine and the versions
  --svg FILE        the results as a figure
  --markdown FILE   the results as tables, between the marks "bench: begin" and "bench: end" if it has them
  --from FILE       show results that --json wrote instead of measuring; may be given again`;

/**
 * @typedef {object} Options
 * @property {readonly number[]} sizes
 * @property {readonly Half[]} halves
 * @property {readonly Mode[]} modes
 * @property {number} rounds
 * @property {number} threads
 * @property {number} [maxMemoryBytes]
 * @property {boolean} growth
 * @property {string} [model]
 * @property {readonly string[]} family names of models with random weights
 * @property {string} python
 * @property {string} [json]
 * @property {string} [svg]
 * @property {string} [markdown]
 * @property {readonly string[]} from
 */

/**
 * @param {readonly string[]} given
 * @returns {Options | "help"}
 * @throws Error with one line that says what was expected and what was found.
 */
export function parseOptions(given) {
  const { values } = parseArgs({
    args: [...given],
    options: {
      sizes: { type: "string" },
      half: { type: "string", default: "both" },
      modes: { type: "string" },
      rounds: { type: "string" },
      threads: { type: "string", default: "2" },
      memory: { type: "string" },
      quick: { type: "boolean", default: false },
      growth: { type: "boolean", default: false },
      model: { type: "string" },
      family: { type: "boolean", default: false },
      only: { type: "string" },
      python: { type: "string", default: process.env["PYTHON"] ?? "python3" },
      json: { type: "string" },
      svg: { type: "string" },
      markdown: { type: "string" },
      from: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const { quick, growth } = values;
  const isFamily = values.family || values.only !== undefined;
  if (isFamily && values.model !== undefined)
    throw new Error("--family has its own models; leave --model out.");
  const usual = isFamily ? "512" : "256,512,1024";
  const sizes = values.sizes ?? (quick ? "256" : growth ? "256,512,1024,2048" : usual);
  for (const name of /** @type {const} */ (["json", "svg", "markdown"]))
    checkTarget(`--${name}`, values[name]);
  for (const path of [...values.from, ...(values.model === undefined ? [] : [values.model])]) {
    if (!existsSync(path)) throw new Error(`${path}: no such file or folder.`);
  }
  const all = isFamily ? "vaekit-auto,diffusers-fp32" : "all";
  const selected = values.modes ?? (growth ? "vaekit" : quick && !isFamily ? "vaekit,plain,diffusers" : all);
  return {
    sizes: listOf(sizes).map(toSide),
    halves: toHalves(values.half),
    modes: modesNamed(listOf(selected)),
    rounds: toCount("--rounds", values.rounds ?? (quick || growth || isFamily ? "2" : "5")),
    threads: toCount("--threads", values.threads),
    ...(values.memory === undefined ? {} : { maxMemoryBytes: toBytes(values.memory) }),
    growth,
    model: values.model,
    family: isFamily ? familyNamed(values.only) : ["flux.1"],
    python: values.python,
    json: values.json,
    svg: values.svg,
    markdown: values.markdown,
    from: values.from,
  };
}

/** @param {string | undefined} names */
function familyNamed(names) {
  const known = Object.keys(family);
  if (names === undefined) return known;
  const unknown = listOf(names).find((name) => !known.includes(name));
  if (unknown === undefined) return listOf(names);
  throw new Error(`--only: expected names out of ${known.join(", ")}, found ${unknown}.`);
}

/** @param {string} text */
const listOf = (text) => text.split(",").map((item) => item.trim());

/** @param {string} text */
function toSide(text) {
  const side = Number(text);
  if (/^\d+$/.test(text) && side >= 64 && side <= 8192 && side % 64 === 0) return side;
  throw new Error(
    `--sizes: expected multiples of 64 from 64 to 8192, such as 256,512, found ${quoted(text)}.`,
  );
}

/**
 * @param {string} name
 * @param {string} text
 */
function toCount(name, text) {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 1000) return count;
  throw new Error(`${name}: expected a whole number from 1 to 1000, found ${quoted(text)}.`);
}

/**
 * @param {string} text
 * @returns {readonly Half[]}
 */
function toHalves(text) {
  if (text === "both") return ["decode", "encode"];
  if (text === "encode" || text === "decode") return [text];
  throw new Error(`--half: expected encode, decode or both, found ${quoted(text)}.`);
}

/** @type {Readonly<Record<string, number>>} */
const byteUnits = { MB: 1e6, GB: 1e9, MIB: 2 ** 20, GIB: 2 ** 30 };

/** @param {string} text */
function toBytes(text) {
  const [, count, unit] = /^(\d+(?:\.\d+)?) ?([MG]i?B)$/i.exec(text) ?? [];
  const bytes = Number(count) * (byteUnits[unit?.toUpperCase() ?? ""] ?? NaN);
  if (bytes > 0) return Math.floor(bytes);
  throw new Error(`--memory: expected a size such as 900MB or 2GB, found ${quoted(text)}.`);
}

/**
 * Said before an hour of measuring, not after it.
 *
 * @param {string} name
 * @param {string | undefined} path
 */
function checkTarget(name, path) {
  if (path === undefined) return;
  try {
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
  } catch {
    throw new Error(`${name}: ${path} cannot be written. Does its folder exist?`);
  }
}

/** @param {string} text */
const quoted = (text) => JSON.stringify(text);
