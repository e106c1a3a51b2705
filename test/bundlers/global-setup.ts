/**
 * Packs the package, and installs it with the bundlers of versions.json into one folder, each app's a folder beside node_modules.
 * VAEKIT_BUNDLERS names a folder that is kept: then only the package is installed anew.
 */
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { endOf } from "../child-end.ts";
import { findChromium } from "../browser/chromium.ts";
import versions from "./versions.json" with { type: "json" };

const root = fileURLToPath(new URL("../..", import.meta.url));

declare module "vitest" {
  export interface ProvidedContext {
    /** The folder in which everything is installed, and the browser's path. Null where there is no browser. */
    bundlers: { folder: string; chromium: string } | null;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const chromium = findChromium();
  if (chromium === undefined) {
    console.warn("test/bundlers: NOT RUN, there is no Chromium; VAEKIT_CHROMIUM is the path of one");
    project.provide("bundlers", null);
    return () => Promise.resolve();
  }
  const kept = process.env.VAEKIT_BUNDLERS;
  const folder = kept ?? (await mkdtemp(join(tmpdir(), "vaekit-bundlers-")));
  await install(folder, await pack(folder));
  project.provide("bundlers", { folder, chromium });
  return () => (kept === undefined ? rm(folder, { recursive: true, force: true }) : Promise.resolve());
}

/** The name of the package's file in the folder. */
async function pack(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const told = await npm(root, "pack", "--ignore-scripts", "--json", "--pack-destination", folder);
  const [packed] = JSON.parse(told) as [{ filename: string }];
  return packed.filename;
}

async function install(folder: string, tarball: string): Promise<void> {
  const isThere = await stat(join(folder, "node_modules")).then(
    () => true,
    () => false,
  );
  if (isThere) {
    await npm(folder, "install", "--no-save", "--ignore-scripts", "--prefer-offline", `./${tarball}`);
    return;
  }
  const dependencies = { ...versions, vaekit: `file:${tarball}` };
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies }),
  );
  await cp(join(root, ".npmrc"), join(folder, ".npmrc"));
  await npm(folder, "install", "--prefer-offline", "--omit=dev");
}

async function npm(folder: string, ...args: readonly string[]): Promise<string> {
  const child = spawn("npm", [...args, "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { code, stdout, stderr } = await endOf(child);
  if (code !== 0) throw new Error(`npm ${args.join(" ")} failed:\n${stderr}`);
  return stdout;
}
