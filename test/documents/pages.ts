/** The pages whose programs are run: READMEs, docs/ and the examples' READMEs. Dated pages of the log stay as they were. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "./blocks.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const markdownIn = (folder: string): string[] =>
  existsSync(root + folder)
    ? readdirSync(root + folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".md") && !name.includes("node_modules"))
        .map((name) => `${folder}/${name}`)
    : [];

export const pages: readonly Page[] = [
  "README.md",
  "README.zh-CN.md",
  ...markdownIn("docs"),
  ...markdownIn("examples"),
]
  .filter((path) => !path.startsWith("docs/log/"))
  .map((path) => ({ path, text: readFileSync(root + path, "utf8") }));

/** Pages in Chinese have an English one with the same programs. */
export const isChinese = ({ path }: Page): boolean => path.endsWith(".zh-CN.md");

/** The English page of a Chinese one. @throws when there is none */
export function englishOf(page: Page): Page {
  const path = page.path.replace(".zh-CN", "");
  const found = pages.find((each) => each.path === path);
  if (found === undefined) throw new Error(`${page.path}: there is no ${path}`);
  return found;
}
