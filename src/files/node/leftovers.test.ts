import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { maxPartialBytes, partialPathFor, removeAbandoned } from "./leftovers.ts";

let folder = "";
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-leftovers-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const realm = /\.([0-9a-f]{4})[0-9a-f]{4}\.partial$/.exec(partialPathFor("x"))![1]!;
const otherRealm = realm === "0000" ? "1111" : "0000";
/** No system gives a process this number. */
const nobody = 999_999_999;

async function leave(name: string, ageSeconds = 0): Promise<void> {
  await writeFile(at(name), "");
  const when = Date.now() / 1000 - ageSeconds;
  await utimes(at(name), when, when);
}

describe("the name of a write", () => {
  it("is its own, beside the file, of this process, and no longer than is said", () => {
    const names = Array.from({ length: 3 }, () => partialPathFor(at("out")));
    expect(new Set(names).size).toBe(3);
    for (const name of names) {
      expect(name).toMatch(new RegExp(`^${at("out")}\\.${process.pid}\\.[0-9a-f]{8}\\.partial$`));
      expect(name.length - at("out").length).toBeLessThanOrEqual(maxPartialBytes);
    }
    expect(maxPartialBytes).toBe(".1234567890.01234567.partial".length);
  });

  it("has four digits of the realm and four of the write, also after 65536 writes", () => {
    const [first] = [partialPathFor("x")];
    for (let write = 1; write < 0x10000; write++) partialPathFor("x");
    expect(partialPathFor("x")).toBe(first);
  });
});

describe("what another process has left", () => {
  const day = 24 * 3600;

  it.each([
    ["of a dead process here goes at once", `out.${nobody}.${realm}0001.partial`, 0, false],
    ["of a living process here stays", `out.1.${realm}0001.partial`, 0, true],
    ["of a living process here goes after a day", `out.1.${realm}0001.partial`, day + 60, false],
    ["of another realm stays", `out.${nobody}.${otherRealm}0001.partial`, 0, true],
    ["of another realm stays for a day", `out.${nobody}.${otherRealm}0001.partial`, day - 60, true],
    ["of another realm goes after a day", `out.${nobody}.${otherRealm}0001.partial`, day + 60, false],
    ["of this process stays, however old", `out.${process.pid}.${realm}0001.partial`, 2 * day, true],
    ["of another file stays", `out2.${nobody}.${realm}0001.partial`, 2 * day, true],
    ["of a file of a longer name stays", `a.out.${nobody}.${realm}0001.partial`, 2 * day, true],
    ["under a name of another form stays", `out.${nobody}.${realm}001.partial`, 2 * day, true],
    ["under a name that goes on stays", `out.${nobody}.${realm}0001.partial.txt`, 2 * day, true],
  ])("%s", async (_, name, ageSeconds, stays) => {
    await leave(name, ageSeconds);
    await removeAbandoned(at("out"));
    expect(await readdir(folder)).toEqual(stays ? [name] : []);
  });

  it("of a living process of another user, whom no signal reaches, stays", async () => {
    const kill = vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
    });
    try {
      await leave(`out.4321.${realm}0001.partial`);
      await removeAbandoned(at("out"));
      expect(kill).toHaveBeenCalledWith(4321, 0);
      expect(await readdir(folder)).toHaveLength(1);
    } finally {
      kill.mockRestore();
    }
  });

  it("is looked for once in a folder, also for its other files", async () => {
    await leave(`b.${nobody}.${realm}0001.partial`);
    await removeAbandoned(at("a"));
    await leave(`b.${nobody}.${realm}0002.partial`);
    await removeAbandoned(at("b"));
    expect(await readdir(folder)).toEqual([`b.${nobody}.${realm}0002.partial`]);
  });

  it("is looked for again in a folder that is made later, by whatever spelling", async () => {
    await removeAbandoned(join(folder, "later", "out"));
    const { mkdir } = await import("node:fs/promises");
    await mkdir(at("later"));
    await leave(`later/out.${nobody}.${realm}0001.partial`);
    await removeAbandoned(`${folder}/./later/out`);
    expect(await readdir(at("later"))).toEqual([]);
  });
});
