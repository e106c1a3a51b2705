/** Links in the documents, and the documents that comments name, lead to files and headings that exist. */
import { access, readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

async function filesIn(folder: string, extension: RegExp): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true, recursive: folder !== "" });
  return entries
    .filter((entry) => entry.isFile() && extension.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes("node_modules"));
}

const documents = (
  await Promise.all(["", "docs", "examples", "tools"].map((folder) => filesIn(folder, /\.md$/)))
).flat();

/** A document's text without its code, in which brackets are no links. */
async function prose(path: string): Promise<string> {
  const text = await readFile(join(root, path), "utf8");
  return text
    .replaceAll(/^```.*?^```/gms, "")
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ""));
}

/** What a heading is called in an address, by GitHub's rule. */
function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, "")
    .replaceAll(" ", "-");
}

async function anchorsOf(path: string): Promise<string[]> {
  const text = await readFile(join(root, path), "utf8");
  const headings = text.replaceAll(/^```.*?^```/gms, "").matchAll(/^#+ +(.*)$/gm);
  return [...headings].map((match) => anchorOf(match[1]!.trim()));
}

const exists = (path: string): Promise<boolean> =>
  access(join(root, path)).then(
    () => true,
    () => false,
  );

/** What is wrong with a link of a document; undefined where it leads somewhere. */
async function faultOf(from: string, target: string): Promise<string | undefined> {
  const [path = "", anchor] = decodeURI(target).split("#");
  const to = path === "" ? from : join(dirname(from), path);
  if (!(await exists(to))) return `${from}: no file ${to}`;
  if (anchor === undefined || !to.endsWith(".md")) return undefined;
  return (await anchorsOf(to)).includes(anchor) ? undefined : `${from}: no heading #${anchor} in ${to}`;
}

test("there are documents to check", () => {
  expect(documents).toEqual(expect.arrayContaining(["README.md", join("docs", "log.md")]));
});

test.each(documents)("%s links to what there is", async (document) => {
  const links = (await prose(document)).matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g);
  const targets = [...links].map((match) => match[1] ?? match[2]!).filter((each) => !/^[a-z]+:/.test(each));
  const faults = await Promise.all(targets.map((target) => faultOf(document, target)));
  expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
});

test("every page of the log is in its index", async () => {
  const index = await readFile(join(root, "docs", "log.md"), "utf8");
  const pages = documents.filter((path) => dirname(path) === join("docs", "log"));
  expect(pages.length).toBeGreaterThan(20);
  expect(pages.filter((path) => !index.includes(`(log/${path.split(/[\\/]/).at(-1)!})`))).toEqual([]);
});

test("documents that comments and programs name exist", async () => {
  const sources = (
    await Promise.all(["src", "test", "tools", "bench"].map((folder) => filesIn(folder, /\.(ts|js|mjs|py)$/)))
  ).flat();
  const missing: string[] = [];
  // Tests of documents make up some.
  for (const source of sources.filter((path) => !path.startsWith(join("test", "documents")))) {
    const text = await readFile(join(root, source), "utf8");
    for (const [path] of text.matchAll(/\bdocs\/[a-z][\w./-]*\.md\b/g)) {
      if (!(await exists(path))) missing.push(`${source}: ${path}`);
    }
  }
  expect(missing).toEqual([]);
});
