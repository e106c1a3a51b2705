/** In which order files and folders are written, so that a power cut at any moment leaves the old or the new one. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { calls, clear, faults, systemError } from "../../../test/recorded-files.ts";
import { writeFileAtomic } from "./atomic-write.ts";
import {
  isLeftover,
  makeFolder,
  removeFolderAtomic,
  removeLeftovers,
  syncFolder,
  writeFolderAtomic,
} from "./durable.ts";

vi.mock("node:fs/promises", async (original) => {
  const { recorded } = await import("../../../test/recorded-files.ts");
  return recorded(await original());
});

let folder = "";
const at = (...names: string[]): string => join(folder, ...names);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-order-"));
  clear();
});
afterEach(async () => {
  clear();
  await rm(folder, { recursive: true, force: true });
});

/** The calls of `work`, without those that a test's own preparations made. */
async function callsOf(work: () => Promise<unknown>): Promise<string[]> {
  calls.length = 0;
  await work();
  return [...calls];
}

const failAt =
  (wanted: string, code: string) =>
  (call: string): Error | undefined =>
    call === wanted ? systemError(code) : undefined;

describe("a file", () => {
  it("is written beside its place, synced and closed, and only then gets its name", async () => {
    expect(await callsOf(() => writeFileAtomic(at("out"), [new Uint8Array(2), new Uint8Array(3)]))).toEqual([
      "open out.partial wx",
      "write out.partial",
      "write out.partial",
      "sync out.partial",
      "close out.partial",
      "rename out.partial → out",
    ]);
  });

  it("takes over the permissions of the one that it replaces before its first byte", async () => {
    await writeFile(at("out"), "old");
    await chmod(at("out"), 0o640);
    const found = await callsOf(() => writeFileAtomic(at("out"), "new"));
    expect(found.slice(0, 3)).toEqual(["open out.partial wx", "chmod out.partial", "write out.partial"]);
    expect((await stat(at("out"))).mode & 0o7777).toBe(0o640);
  });

  it("is written where permissions cannot be set", async () => {
    await writeFile(at("out"), "old");
    faults.fail = failAt("chmod out.partial", "EPERM");
    await writeFileAtomic(at("out"), "new");
    expect(await readFile(at("out"), "utf8")).toBe("new");
  });

  it("is written whole by a system that takes a few bytes at a time", async () => {
    faults.maxBytesPerWrite = 3;
    await writeFileAtomic(at("out"), "0123456789");
    expect(await readFile(at("out"), "utf8")).toBe("0123456789");
  });

  it.each([
    ["open out.partial wx", "EACCES", "may not be written"],
    ["write out.partial", "ENOSPC", "the disk is full, or your share of it; nothing was written."],
    ["sync out.partial", "EDQUOT", "the disk is full, or your share of it; nothing was written."],
    ["sync out.partial", "EIO", "writing failed: EIO: as the test wants it."],
    ["rename out.partial → out", "EROFS", "may not be written"],
  ])("is left as it was, and nothing beside it, when %s fails with %s", async (call, code, message) => {
    await writeFile(at("out"), "old");
    faults.fail = failAt(call, code);
    await expect(writeFileAtomic(at("out"), "new")).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining(`${at("out")}: ${message}`) as string,
      cause: expect.objectContaining({ code }) as Error,
    });
    expect(await readdir(folder)).toEqual(["out"]);
    expect(await readFile(at("out"), "utf8")).toBe("old");
    if (code !== "EACCES") expect(calls).toContain("close out.partial");
  });

  it("is closed, too, when its content fails", async () => {
    const content = function* (): Generator<Uint8Array> {
      yield new Uint8Array(1);
      throw new Error("no more");
    };
    await expect(writeFileAtomic(at("out"), content())).rejects.toThrow("no more");
    expect(calls.slice(-2)).toEqual(["close out.partial", "rm out.partial"]);
  });
});

describe("a folder", () => {
  const fill = (into: string): Promise<void> => writeFile(join(into, "a"), "new");

  it("is filled and synced beside its place, renamed, and its parent synced after that", async () => {
    expect(await callsOf(() => writeFolderAtomic(at("run"), fill))).toEqual([
      "mkdir " + folder.split("/").at(-1)!,
      "mkdir run.partial",
      "open run.partial",
      "sync run.partial",
      "close run.partial",
      "rename run → run.replaced",
      "rename run.partial → run",
      "open " + folder.split("/").at(-1)!,
      "sync " + folder.split("/").at(-1)!,
      "close " + folder.split("/").at(-1)!,
    ]);
  });

  it("replaces an older one, which goes only when the new one is in its place", async () => {
    await mkdir(at("run"));
    await writeFile(at("run", "old"), "old");
    const found = await callsOf(() => writeFolderAtomic(at("run"), fill));
    expect(found.slice(5, 8)).toEqual([
      "rename run → run.replaced",
      "rename run.partial → run",
      "rm run.replaced",
    ]);
    expect(await readdir(folder)).toEqual(["run"]);
    expect(await readdir(at("run"))).toEqual(["a"]);
  });

  it("makes the folders above it", async () => {
    await writeFolderAtomic(at("above", "it", "run"), fill);
    expect(await readdir(at("above", "it"))).toEqual(["run"]);
  });

  it.each([
    ["sync run.partial", "EIO", "writing failed: EIO"],
    ["rename run → run.replaced", "EACCES", "may not be written"],
    ["rename run.partial → run", "ENOSPC", "the disk is full"],
  ])("stays as it was, and nothing beside it, when %s fails", async (call, code, message) => {
    await mkdir(at("run"));
    await writeFile(at("run", "old"), "old");
    faults.fail = failAt(call, code);
    await expect(writeFolderAtomic(at("run"), fill)).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining(`${at("run")}: ${message}`) as string,
    });
    expect(await readdir(folder)).toEqual(["run"]);
    expect(await readFile(at("run", "old"), "utf8")).toBe("old");
  });

  it("stays as it was when its content fails, whose error passes as it is", async () => {
    await mkdir(at("run"));
    const failure = new Error("no more");
    await expect(
      writeFolderAtomic(at("run"), async (into) => {
        await fill(into);
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await readdir(folder)).toEqual(["run"]);
    expect(await readdir(at("run"))).toEqual([]);
  });

  it("is not put over what another program has put there during the work", async () => {
    const work = writeFolderAtomic(at("run"), async (into) => {
      await fill(into);
      await writeFile(at("run"), "a file");
    });
    await expect(work).rejects.toThrow(`${at("run")}: expected a folder to write into, found a file.`);
    expect(await readdir(folder)).toEqual(["run"]);
  });

  it("is removed out of sight first, so that nobody sees a part of it", async () => {
    await mkdir(at("run"));
    await writeFile(at("run", "a"), "");
    expect(await callsOf(() => removeFolderAtomic(at("run")))).toEqual([
      "rename run → run.partial",
      "rm run.partial",
    ]);
    expect(await readdir(folder)).toEqual([]);
    await expect(removeFolderAtomic(at("run"))).rejects.toMatchObject({ code: "IO" });
  });

  it("is closed after it was synced, also when that fails", async () => {
    faults.fail = failAt(`sync ${folder.split("/").at(-1)!}`, "EIO");
    await expect(syncFolder(folder)).rejects.toThrow("EIO");
    expect(calls.at(-1)).toBe(`close ${folder.split("/").at(-1)!}`);
  });
});

describe("a folder that is made", () => {
  it("says what the system says where it may not be, and names a file in the way", async () => {
    for (const [code, message] of [
      ["EACCES", "may not be written"],
      ["ENOSPC", "the disk is full"],
      ["EEXIST", "expected folders on the way to it, found a file."],
      ["ENOTDIR", "expected folders on the way to it, found a file."],
    ] as const) {
      faults.fail = failAt("mkdir new", code);
      await expect(makeFolder(at("new"))).rejects.toMatchObject({
        code: "IO",
        message: expect.stringContaining(`${at("new")}: ${message}`) as string,
        cause: expect.objectContaining({ code }) as Error,
      });
    }
  });
});

describe("what a killed process has left of folders", () => {
  it.each([
    [".run.0a1b2c3d.partial", true],
    ["state.json.123.0a1b2c3d.partial", true],
    ["run.replaced", true],
    ["run.0a1b2c3d.partial.txt", false],
    ["run.0a1b2c3.partial", false],
    ["replaced", false],
    ["run", false],
  ])("is known by its name: %s %s", (name, is) => {
    expect(isLeftover(name)).toBe(is);
  });

  it("goes where it is half-written, and comes back where it was moved aside and nothing took its place", async () => {
    for (const name of [".run.0a1b2c3d.partial", "one", "one.replaced", "two.replaced", "kept"]) {
      await mkdir(at(name));
      await writeFile(at(name, name), "");
    }
    await writeFile(at("state.json.123.0a1b2c3d.partial"), "");
    await writeFile(at("notes.partial"), "");
    await removeLeftovers(folder);
    expect((await readdir(folder)).sort()).toEqual(["kept", "notes.partial", "one", "two"]);
    expect(await readdir(at("one"))).toEqual(["one"]);
    expect(await readdir(at("two"))).toEqual(["two.replaced"]);
  });

  it("is looked for in no folder that is not there", async () => {
    await removeLeftovers(at("nowhere"));
    expect(await readdir(folder)).toEqual([]);
  });
});
