import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removePartialFiles, writeFileAtomic } from "./atomic-write.ts";
import { writeError } from "./file-errors.ts";
import { partialPathFor } from "./leftovers.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-write-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

/** `error` as the file system would have thrown it. */
const systemError = (code: string): Error => Object.assign(new Error(code), { code });

describe("writeFileAtomic", () => {
  it("writes text, bytes and chunks, and leaves nothing else behind", async () => {
    const path = join(folder, "out");
    await writeFileAtomic(path, "é\n");
    expect(await readFile(path, "utf8")).toBe("é\n");
    await writeFileAtomic(path, bytes(1, 2));
    expect([...(await readFile(path))]).toEqual([1, 2]);
    await writeFileAtomic(path, [bytes(1), bytes(), bytes(2, 3)]);
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    await writeFileAtomic(
      path,
      (async function* () {
        yield bytes(9);
        await Promise.resolve();
        yield bytes(8);
      })(),
    );
    expect([...(await readFile(path))]).toEqual([9, 8]);
    await writeFileAtomic(path, []);
    expect(await readFile(path)).toHaveLength(0);
    expect(await readdir(folder)).toEqual(["out"]);
  });

  it("keeps the old file, and no other, when its content fails midway", async () => {
    const path = join(folder, "out");
    await writeFile(path, "old");
    const failure = new Error("no more content");
    const content = function* (): Generator<Uint8Array> {
      yield bytes(1, 2, 3);
      throw failure;
    };
    await expect(writeFileAtomic(path, content())).rejects.toBe(failure);
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["out"]);
  });

  it("shows the old file until the new one is whole", async () => {
    const path = join(folder, "out");
    await writeFile(path, "old");
    let seen = "";
    const content = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes(1);
      seen = await readFile(path, "utf8");
      yield bytes(2);
    };
    await writeFileAtomic(path, content());
    expect(seen).toBe("old");
    expect([...(await readFile(path))]).toEqual([1, 2]);
  });

  it("keeps writers of one file apart", async () => {
    const path = join(folder, "out");
    await Promise.all(["aaaa", "bbbb", "cccc"].map((text) => writeFileAtomic(path, text)));
    expect(await readFile(path, "utf8")).toMatch(/^(aaaa|bbbb|cccc)$/);
    expect(await readdir(folder)).toEqual(["out"]);
  });

  it("says that the parent folder is missing", async () => {
    await expect(writeFileAtomic(join(folder, "no", "out"), "x")).rejects.toMatchObject({
      code: "IO",
      message: `${join(folder, "no", "out")}: its folder does not exist; create it first.`,
    });
  });

  it("says that a folder is in the way", async () => {
    await mkdir(join(folder, "out"));
    await expect(writeFileAtomic(join(folder, "out"), "x")).rejects.toMatchObject({
      code: "IO",
      message: `${join(folder, "out")}: expected a file to write, found a folder.`,
    });
    expect(await readdir(folder)).toEqual(["out"]);
  });

  it.skipIf(process.platform !== "linux")("reports a full disk, as /dev/full plays it", async () => {
    const { open } = await import("node:fs/promises");
    const full = await open("/dev/full", "w");
    const error: unknown = await full.write(bytes(1)).catch((thrown: unknown) => thrown);
    await full.close();
    expect(writeError("model.safetensors", error)).toMatchObject({
      code: "IO",
      message: "model.safetensors: the disk is full, or your share of it; nothing was written.",
    });
  });

  it("explains refusals of the system", () => {
    expect(writeError("a", systemError("EACCES")).message).toContain("may not be written");
    expect(writeError("a", systemError("EROFS")).message).toContain("may not be written");
    expect(writeError("a", systemError("EIO")).message).toBe("a: writing failed: EIO.");
  });
});

describe("removePartialFiles", () => {
  it("removes the files of writes in progress, and only those", async () => {
    await writeFile(join(folder, "other.partial"), "mine");
    let during: string[] = [];
    let after: string[] = [];
    const content = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes(1);
      during = await readdir(folder);
      removePartialFiles();
      after = await readdir(folder);
    };
    await expect(writeFileAtomic(join(folder, "out"), content())).rejects.toMatchObject({ code: "IO" });
    expect(during).toHaveLength(2);
    expect(during.join(" ")).toMatch(/out\.\d+\.[0-9a-f]{8}\.partial/);
    expect(after).toEqual(["other.partial"]);
  });

  it("removes those of all writes, whose older files stay, and nothing of writes that are over", async () => {
    await writeFile(join(folder, "a"), "old");
    await writeFileAtomic(join(folder, "over"), "whole");
    const begun: (() => void)[] = [];
    const isBegun = ["a", "b"].map(() => new Promise<void>((resolve) => begun.push(resolve)));
    let goOn: (() => void) | undefined;
    const isSignalled = new Promise<void>((resolve) => (goOn = resolve));
    const content = async function* (index: number): AsyncGenerator<Uint8Array> {
      yield bytes(1);
      begun[index]!();
      await isSignalled;
      yield bytes(2);
    };
    const writes = ["a", "b"].map((name, i) => writeFileAtomic(join(folder, name), content(i)));
    const results = Promise.allSettled(writes);
    await Promise.all(isBegun);
    const during = (await readdir(folder)).filter((name) => name.endsWith(".partial"));
    removePartialFiles();
    expect((await readdir(folder)).sort()).toEqual(["a", "over"]);
    goOn!();
    expect((await results).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(during).toHaveLength(2);
    expect((await readdir(folder)).sort()).toEqual(["a", "over"]);
    expect(await readFile(join(folder, "a"), "utf8")).toBe("old");
    expect(await readFile(join(folder, "over"), "utf8")).toBe("whole");
  });

  it("leaves alone what another process has put under the name of a write that is over", async () => {
    let partial = "";
    const content = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes(1);
      [partial = ""] = (await readdir(folder)).filter((name) => name.endsWith(".partial"));
    };
    await writeFileAtomic(join(folder, "out"), content());
    await writeFile(join(folder, partial), "another's");
    removePartialFiles();
    expect(await readFile(join(folder, partial), "utf8")).toBe("another's");
  });

  it("does not remove a file of that name that the write did not make", async () => {
    // The name of the next write is known; whoever has taken it keeps it.
    const taken = partialPathFor(join(folder, "out")).replace(
      /([0-9a-f]{4})\.partial$/,
      (_, digits: string) => {
        const next = (parseInt(digits, 16) + 1) % 0x10000;
        return `${next.toString(16).padStart(4, "0")}.partial`;
      },
    );
    await writeFile(taken, "mine");
    await expect(writeFileAtomic(join(folder, "out"), "x")).rejects.toMatchObject({ code: "IO" });
    expect(await readFile(taken, "utf8")).toBe("mine");
    expect(await readdir(folder)).toHaveLength(1);
  });
});

describe("what is written", () => {
  it.each<[unknown, string]>([
    [5, "writeFileAtomic: expected a text, a Uint8Array, or an iterable of them, found 5."],
    [null, "writeFileAtomic: expected a text, a Uint8Array, or an iterable of them, found null."],
    [{}, "writeFileAtomic: expected a text"],
    [[5], "writeFileAtomic: a chunk: expected a Uint8Array, found 5."],
    [["text"], 'writeFileAtomic: a chunk: expected a Uint8Array, found "text".'],
  ])("is not %j, and nothing of it is left", async (content, message) => {
    await expect(writeFileAtomic(join(folder, "out"), content as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message) as string,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it("goes to a path, with options that there are", async () => {
    await expect(writeFileAtomic(5 as never, "x")).rejects.toThrow(
      "writeFileAtomic: path: expected a text, found 5.",
    );
    await expect(writeFileAtomic(join(folder, "out"), "x", { keep: 1 } as never)).rejects.toThrow(
      "writeFileAtomic: unknown option keep; the options are kept.",
    );
    await expect(writeFileAtomic(join(folder, "out"), "x", { kept: {} } as never)).rejects.toThrow(
      "writeFileAtomic: kept: expected KeptFiles, found an object without keys.",
    );
    expect(await readdir(folder)).toEqual([]);
  });
});
