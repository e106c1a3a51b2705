/**
 * Makes the imports of modules lead straight to where a name is defined, past the index files between. Bundlers put whatever an
 * index file mentions beside whatever imports anything through it: only so can a page leave for later what it needs later.
 *
 * It reads what esbuild writes: imports and exports in one form each.
 */
import { dirname, join, relative } from "node:path";

/** @typedef {{ path: string, name: string }} Definition of a name: the module, and what it is called there. */
/** @typedef {{ imports: Map<string, Definition>, exports: Map<string, string>, stars: string[] }} Names of a module. */

const importing = /^import \{([^}]*)\} from "(\.[^"]+)";$/gm;
const exporting = /^export \{([^}]*)\};$/gm;
const exportingAll = /^export \* from "(\.[^"]+)";$/gm;

/**
 * @param {ReadonlyMap<string, string>} modules texts by their absolute paths
 * @param {readonly string[]} entries the paths of modules that others import by their addresses
 * @returns {Map<string, string>} what the entries reach
 */
export function withDirectImports(modules, entries) {
  const definitions = new Definitions(modules);
  const direct = new Map([...modules].map(([path, text]) => [path, directText(path, text, definitions)]));
  for (const entry of entries)
    for (const [path, text] of spreadExports(entry, definitions)) direct.set(path, text);
  return reachable(direct, entries);
}

class Definitions {
  /** @type {Map<string, Names>} */
  #modules = new Map();

  /** @param {ReadonlyMap<string, string>} modules */
  constructor(modules) {
    for (const [path, text] of modules) this.#modules.set(path, namesIn(path, text));
  }

  /** @param {string} path @returns {Names} */
  #names(path) {
    const names = this.#modules.get(path);
    if (names === undefined) throw new Error(`${path}: imported, and not there`);
    return names;
  }

  /** @param {string} path @param {string} name as the module exports it @returns {Definition | undefined} */
  find(path, name) {
    const { imports, exports, stars } = this.#names(path);
    const local = exports.get(name);
    if (local === undefined) return firstOf(stars, (each) => this.find(each, name));
    const imported = imports.get(local);
    return imported === undefined ? { path, name } : this.find(imported.path, imported.name);
  }

  /** @param {string} path @param {string} name @returns {Definition} */
  of(path, name) {
    const definition = this.find(path, name);
    if (definition === undefined) throw new Error(`${path} has no ${name}`);
    return definition;
  }

  /** @param {string} path @returns {string[]} everything that the module exports */
  exportsOf(path) {
    const { exports, stars } = this.#names(path);
    return [...new Set([...exports.keys(), ...stars.flatMap((each) => this.exportsOf(each))])];
  }

  /** @param {string} path @returns {boolean} whether the module has nothing of its own */
  isIndex(path) {
    const { imports, exports, stars } = this.#names(path);
    const passesAllOn = [...exports.values()].every((local) => imports.has(local));
    return exports.size + stars.length > 0 && passesAllOn;
  }
}

/** @param {string} path @param {string} text @returns {Names} */
function namesIn(path, text) {
  /** @type {Names} */
  const names = { imports: new Map(), exports: new Map(), stars: [] };
  for (const [, list = "", from = ""] of text.matchAll(importing))
    for (const [name, local] of pairs(list)) names.imports.set(local, { path: resolved(path, from), name });
  for (const [, list = ""] of text.matchAll(exporting))
    for (const [local, name] of pairs(list)) names.exports.set(name, local);
  for (const [, from = ""] of text.matchAll(exportingAll)) names.stars.push(resolved(path, from));
  return names;
}

/** @param {string} path @param {string} text @param {Definitions} definitions */
function directText(path, text, definitions) {
  return text.replace(
    importing,
    (/** @type {string} */ _, /** @type {string} */ list, /** @type {string} */ from) => {
      const found = pairs(list).map(([name, local]) => ({
        ...definitions.of(resolved(path, from), name),
        as: local,
      }));
      return importsOf(path, found, "import").join("\n");
    },
  );
}

/**
 * An entry that only passes names on, as one module for each module that defines some: bundlers follow `export *` only to what is used.
 *
 * @param {string} entry
 * @param {Definitions} definitions
 * @returns {Map<string, string>} the entry's text and those of the modules in between; none where the entry has something of its own
 */
function spreadExports(entry, definitions) {
  if (!definitions.isIndex(entry)) return new Map();
  const found = definitions.exportsOf(entry).map((name) => ({ ...definitions.of(entry, name), as: name }));
  const folder = entry.replace(/\.js$/, "-exports");
  const texts = importsOf(join(folder, "x.js"), found, "export");
  const parts = texts.map((text, i) => /** @type {const} */ ([join(folder, `${i}.js`), `${text}\n`]));
  const all = parts.map(([path]) => `export * from "${specifier(entry, path)}";\n`).join("");
  return new Map([[entry, all], ...parts]);
}

/** @param {string} path @param {(Definition & { as: string })[]} found @param {"import" | "export"} word */
function importsOf(path, found, word) {
  /** @type {Map<string, string[]>} */
  const lists = new Map();
  for (const { path: from, name, as } of found) {
    lists.set(from, [...(lists.get(from) ?? []), name === as ? name : `${name} as ${as}`]);
  }
  return [...lists].map(
    ([from, names]) => `${word} { ${names.join(", ")} } from "${specifier(path, from)}";`,
  );
}

/** @param {ReadonlyMap<string, string>} modules @param {readonly string[]} entries */
function reachable(modules, entries) {
  /** @type {Map<string, string>} */
  const found = new Map();
  /** @param {string} path */
  const follow = (path) => {
    if (found.has(path)) return;
    const text = modules.get(path);
    if (text === undefined) throw new Error(`${path}: imported, and not there`);
    found.set(path, text);
    for (const [, from = ""] of text.matchAll(/(?:from |import\(|import )"(\.[^"]+\.js)"/g))
      follow(resolved(path, from));
  };
  entries.forEach(follow);
  return found;
}

/** @param {string} list of an import or export @returns {[string, string][]} each name, and what it becomes */
const pairs = (list) =>
  list
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .map((each) => {
      const [name = each, as = name] = each.split(" as ");
      return [name, as];
    });

/** @template T, R @param {readonly T[]} each @param {(one: T) => R | undefined} find @returns {R | undefined} */
function firstOf(each, find) {
  for (const one of each) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** @param {string} path @param {string} from */
const resolved = (path, from) => join(dirname(path), from);

/** @param {string} path @param {string} to */
function specifier(path, to) {
  const found = relative(dirname(path), to);
  return found.startsWith(".") ? found : `./${found}`;
}
