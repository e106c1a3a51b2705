/**
 * The mutants of a set of files: small changes of behaviour, each behind a switch, made by Stryker's instrumenter.
 *
 * All mutants of a file live in one instrumented copy of it. Which of them is on, the environment variable
 * `__STRYKER_ACTIVE_MUTANT__` says, in the test's own process and in every process that the test starts.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Instrumenter } from "@stryker-mutator/instrumenter";

/**
 * @typedef {object} Mutant
 * @property {string} id the name by which the switch knows it
 * @property {string} key the same for the same change in the same text, wherever the line has moved
 * @property {string} file relative to the project's root
 * @property {number} line counted from 1
 * @property {string} mutator what kind of change: "ConditionalExpression", "BlockStatement", …
 * @property {string} original
 * @property {string} replacement
 */

const log = () => {};
const logger = /** @type {import("@stryker-mutator/api/logging").Logger} */ (
  /** @type {unknown} */ ({
    ...{ trace: log, debug: log, info: log, warn: log, error: log, fatal: log },
    isDebugEnabled: () => false,
  })
);

/**
 * @param {string} root
 * @param {readonly string[]} files relative to the root
 * @returns {Promise<{ files: { name: string, content: string }[], mutants: Mutant[] }>} the instrumented files and their mutants
 */
export async function makeMutants(root, files) {
  const texts = new Map(files.map((name) => [name, readFileSync(join(root, name), "utf8")]));
  const inputs = [...texts].map(([name, content]) => ({ name, content, mutate: true }));
  const made = await new Instrumenter(logger).instrument(inputs, {
    plugins: [],
    excludedMutations: [],
    ignorers: [],
  });
  /** @type {Map<string, number>} */
  const seen = new Map();
  const mutants = made.mutants
    .filter(({ status }) => status === undefined)
    .map(({ id, fileName, location, mutatorName, replacement }) => {
      const original = textBetween(/** @type {string} */ (texts.get(fileName)), location);
      const text = [fileName, mutatorName, original, replacement].join("\0");
      const occurrence = seen.get(text) ?? 0;
      seen.set(text, occurrence + 1);
      const key = createHash("sha256").update(`${text}\0${occurrence}`).digest("hex").slice(0, 16);
      // Stryker counts lines from 0 in its API.
      const line = location.start.line + 1;
      return { id, key, file: fileName, line, mutator: mutatorName, original, replacement };
    });
  return { files: made.files.map(({ name, content }) => ({ name, content })), mutants };
}

/**
 * A sample that depends on the seed and on the changes themselves, not on where they stand or how many others there are.
 *
 * @param {readonly Mutant[]} mutants
 * @param {number} count
 * @param {string} seed
 */
export function sample(mutants, count, seed) {
  const rank = (/** @type {Mutant} */ mutant) =>
    createHash("sha256").update(`${seed}\0${mutant.key}`).digest("hex");
  return mutants
    .map((mutant) => ({ mutant, rank: rank(mutant) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, count)
    .map(({ mutant }) => mutant);
}

/**
 * @param {string} text
 * @param {import("@stryker-mutator/api/core").Location} location
 */
function textBetween(text, { start, end }) {
  const lines = text.split("\n").slice(start.line, end.line + 1);
  lines[lines.length - 1] = lines.at(-1)?.slice(0, end.column) ?? "";
  lines[0] = lines[0]?.slice(start.column) ?? "";
  return lines.join("\n");
}
