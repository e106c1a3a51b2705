/** What a process that was killed has left of a write is removed by the next write there. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileAtomic } from "../../src/node/index.ts";

/** The built module; `npm test` builds it first. */
const built = new URL("../../build/modules/files/node/index.js", import.meta.url).href;
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-left-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Begins a write in a process that is killed in the middle of it. */
function killMidway(path: string): void {
  const code = `
    import { writeFileAtomic } from ${JSON.stringify(built)};
    await writeFileAtomic(${JSON.stringify(path)}, (async function* () {
      yield new Uint8Array(3);
      process.kill(process.pid, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    })());`;
  const { signal, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
  });
  expect([signal, stderr]).toEqual(["SIGKILL", ""]);
}

test("goes, and what a living process or one of another machine writes stays", async () => {
  const path = join(folder, "out");
  killMidway(path);
  const [left, ...none] = await readdir(folder);
  expect(none).toEqual([]);
  const realm = /^out\.\d+\.([0-9a-f]{4})[0-9a-f]{4}\.partial$/.exec(left!)![1]!;
  const elsewhere = `out.999999999.${realm === "0000" ? "1111" : "0000"}0001.partial`;
  const others = [
    `out.${process.ppid}.${realm}0001.partial`,
    `other.999999999.${realm}0001.partial`,
    "out.partial",
    "out.1.notes.partial",
  ];
  for (const name of [...others, elsewhere]) await writeFile(join(folder, name), "");
  await writeFileAtomic(path, "new");
  expect((await readdir(folder)).sort()).toEqual(["out", ...others, elsewhere].sort());
  // Nobody has touched it for a day: its process is dead, wherever it was.
  await utimes(join(folder, elsewhere), 1, 1);
  await writeFileAtomic(path, "newer");
  expect((await readdir(folder)).sort()).toEqual(["out", ...others].sort());
});

test("is looked for with the first write into a folder, so that no later one lists it", async () => {
  await writeFileAtomic(join(folder, "first"), "");
  killMidway(join(folder, "second"));
  const left = (await readdir(folder)).filter((name) => name.endsWith(".partial"));
  await writeFileAtomic(join(folder, "second"), "");
  expect((await readdir(folder)).sort()).toEqual(["first", "second", ...left].sort());
});

test("goes with the first write of a process under a name of the largest length, which is refused beyond it", async () => {
  const name = "n".repeat(227);
  killMidway(join(folder, name));
  await writeFileAtomic(join(folder, name), "new");
  expect(await readdir(folder)).toEqual([name]);
  await expect(writeFileAtomic(join(folder, `${name}n`), "")).rejects.toThrow(
    /n: expected a name of at most 227 bytes to write, found 228\. Choose a shorter one\.$/,
  );
});
