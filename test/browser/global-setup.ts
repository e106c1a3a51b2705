/** Before all tests in a browser: the page is bundled once; where there is no browser, it is said. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { chosenEngine, engines, type EngineName } from "./engines.ts";
import { bundlePage } from "./page-bundle.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The folder of the page, and the browser: which it is, and its path. Null where there is none. */
    page: { folder: string; engine: EngineName; path: string } | null;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = chosenEngine();
  const path = engines[engine].find();
  if (path === undefined) {
    console.warn(`test/browser: NOT RUN, there is no ${engine}; ${engines[engine].remedy}`);
    project.provide("page", null);
    return () => Promise.resolve();
  }
  const folder = await mkdtemp(join(tmpdir(), "vaekit-page-"));
  await bundlePage(folder);
  project.provide("page", { folder, engine, path });
  return () => rm(folder, { recursive: true, force: true });
}
