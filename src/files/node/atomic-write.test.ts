import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removePartialFiles, writeFileAtomic } from "./atomic-write.ts";
import { writeError } from "./file-errors.ts";

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
});
