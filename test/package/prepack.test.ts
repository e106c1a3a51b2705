/** What is packed is what was built now: nothing of an earlier build stays in the package. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

test("packing begins with nothing built", async () => {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  const { scripts } = JSON.parse(text) as { scripts: { prepack: string } };
  const folder = await mkdtemp(join(tmpdir(), "vaekit-prepack-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const stale of ["build/modules", "dist"]) {
    await mkdir(join(folder, stale), { recursive: true });
    await writeFile(join(folder, stale, "stale.js"), "");
  }
  const build = `node -e "fs.mkdirSync('dist'); fs.writeFileSync('dist/built.js', '')"`;
  const studio = `node -e "fs.writeFileSync('dist/studio.html', '')"`;
  const manifest = {
    type: "module",
    scripts: { prepack: scripts.prepack, build, "build:studio": studio },
  };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  await promisify(execFile)("npm", ["run", "prepack"], { cwd: folder, shell: process.platform === "win32" });
  expect((await readdir(folder)).sort()).toEqual(["dist", "package.json"]);
  expect(await readdir(join(folder, "dist"))).toEqual(["built.js", "studio.html"]);
});
