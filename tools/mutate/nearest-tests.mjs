/** The test files that are nearest to a set of source files, counted in imports. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";

/** Workers are named by URL and the program by its built file; both count as imports. */
const urlPattern = /new URL\(\s*"([^"]+)"\s*,\s*import\.meta\.url/g;

/**
 * @param {string} root
 * @param {readonly string[]} sources all source files, relative to the root
 * @param {readonly string[]} tests all files of tests, helpers included
 */
export function importGraph(root, sources, tests) {
  const known = new Set([...sources, ...tests]);
  /** @type {(file: string) => string[]} */
  const imports = (file) => {
    const text = readFileSync(join(root, file), "utf8");
    const named = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
    const byUrl = [...text.matchAll(urlPattern)].map((match) => match[1] ?? "");
    return [...named, ...byUrl]
      .filter((name) => name.startsWith("."))
      .map((name) =>
        normalize(join(dirname(file), name)).replace(/^(?:dist|build\/modules)\/(.*)\.js$/, "src/$1.ts"),
      )
      .map((name) => (known.has(name) ? name : name.replace(/\.js$/, ".ts")))
      .filter((name) => known.has(name));
  };
  return new Map(
    [...known].filter((file) => existsSync(join(root, file))).map((file) => [file, imports(file)]),
  );
}

/**
 * @param {Map<string, string[]>} graph from {@link importGraph}
 * @param {readonly string[]} targets the mutated files
 * @param {number} count
 * @returns {string[]} test files, nearest first; among equals those of the same folder (test/hub for src/hub), then
 *   those that import the fewest files
 */
export function nearestTests(graph, targets, count) {
  const aims = new Set(targets);
  const folders = new Set(targets.map((file) => file.split("/")[1]));
  const isElsewhere = (/** @type {string} */ file) => Number(!folders.has(file.split("/")[1]));
  return [...graph.keys()]
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => ({ file, ...reach(graph, file, aims) }))
    .filter(({ distance }) => Number.isFinite(distance))
    .sort(
      (a, b) =>
        a.distance - b.distance ||
        isElsewhere(a.file) - isElsewhere(b.file) ||
        a.size - b.size ||
        (a.file < b.file ? -1 : 1),
    )
    .slice(0, count)
    .map(({ file }) => file);
}

/**
 * Breadth-first from a test: how many imports away the first target is, and how many files it imports in all.
 *
 * @param {Map<string, string[]>} graph
 * @param {string} from
 * @param {ReadonlySet<string>} aims
 */
function reach(graph, from, aims) {
  const seen = new Map([[from, 0]]);
  let distance = Infinity;
  for (const [file, steps] of seen) {
    if (aims.has(file)) distance = Math.min(distance, steps);
    for (const next of graph.get(file) ?? []) if (!seen.has(next)) seen.set(next, steps + 1);
  }
  return { distance, size: seen.size };
}
