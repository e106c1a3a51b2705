import {
  chmod,
  mkdir,
  mkdtemp,
  realpath,
  rm,
  symlink,
  truncate,
  writeFile,
  rename,
  utimes,
} from "node:fs/promises";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BrokenReads } from "../../../test/broken-reads.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { isFolder, openFileSource } from "./file-source.ts";
import { readSafetensorsFile, writeSafetensorsFile } from "../../weights/node/safetensors-file.ts";

let folder = "";
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "vaekit-source-")));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("openFileSource", () => {
  it("reads any range", async () => {
    const path = join(folder, "bytes");
    await writeFile(path, new Uint8Array([0, 1, 2, 3, 4]));
    const source = await openFileSource(path);
    expect(source).toMatchObject({ name: path, path, byteLength: 5 });
    expect([...(await source.read(1, 3))]).toEqual([1, 2, 3]);
    expect([...(await source.read(5, 0))]).toEqual([]);
  });

  it("reads at its ends, one byte and none, and says of what lies behind them how much there is", async () => {
    const path = join(folder, "bytes");
    await writeFile(path, new Uint8Array([0, 1, 2, 3, 4]));
    const source = await openFileSource(path);
    expect([...(await source.read(0, 5))]).toEqual([0, 1, 2, 3, 4]);
    expect([...(await source.read(4, 1))]).toEqual([4]);
    expect([...(await source.read(0, 0))]).toEqual([]);
    for (const [offset, length] of [
      [4, 2],
      [5, 1],
      [9, 1],
    ] as const) {
      await expect(source.read(offset, length)).rejects.toMatchObject({
        code: "INVALID_FILE",
        message: `${path}: expected at least ${offset + length} bytes, found 5: the file is cut off, or was changed while in use.`,
      });
    }
  });

  it.each([
    ["EIO", "IO", "reading failed: EIO: i/o error, read."],
    [
      "end",
      "INVALID_FILE",
      "expected at least 5 bytes, found 5: the file is cut off, or was changed while in use.",
    ],
  ] as const)("says that a read broke off in the middle: %s", async (by, code, what) => {
    const path = join(folder, "bytes");
    await writeFile(path, new Uint8Array([0, 1, 2, 3, 4]));
    const source = await openFileSource(path);
    {
      using broken = new BrokenReads(by, path);
      await expect(source.read(0, 5)).rejects.toMatchObject({ code, message: `${path}: ${what}` });
      expect(broken.count).toBe(1);
    }
    expect([...(await source.read(0, 5))]).toEqual([0, 1, 2, 3, 4]);
  });

  it("keeps no file open, neither after it was opened nor after a read that failed", async () => {
    const path = join(folder, "bytes");
    await writeFile(path, new Uint8Array(5));
    const openFiles = (): number => (process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0);
    const source = await openFileSource(path);
    const before = openFiles();
    for (let i = 0; i < 20; i++) {
      await openFileSource(path);
      await source.read(0, 1);
      await source.read(5, 1).catch(() => undefined);
    }
    expect(openFiles()).toBeLessThan(before + 10);
  });

  it.each(["size", "date", "file"])("notices another %s alone", async (what) => {
    const path = join(folder, "bytes");
    const other = join(folder, "other");
    await writeFile(path, new Uint8Array(8));
    await writeFile(other, new Uint8Array(8));
    for (const each of [path, other]) await utimes(each, 5, 5);
    const source = await openFileSource(path);
    source.checkUnchanged!();
    if (what === "size") await truncate(path, 9);
    if (what === "file") await rename(other, path);
    await utimes(path, what === "date" ? 6 : 5, what === "date" ? 6 : 5);
    expect(() => {
      source.checkUnchanged!();
    }).toThrow(`${path}: the file was touched or changed while in use. Open the model again.`);
    await expect(source.read(0, 1)).rejects.toThrow("touched or changed while in use");
  });

  it("says that the file is gone", async () => {
    const path = join(folder, "bytes");
    await writeFile(path, new Uint8Array(8));
    const source = await openFileSource(path);
    await rm(path);
    expect(() => {
      source.checkUnchanged!();
    }).toThrow(
      expect.objectContaining({ code: "NOT_FOUND", message: `${path}: no such file or folder.` }) as Error,
    );
    await expect(source.read(0, 1)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it.each(["", 5, null])("refuses %j as a path", async (path) => {
    await expect(openFileSource(path as string)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("openFileSource: expected a path, found ") as string,
    });
  });

  it("tells folders from files and from nothing", async () => {
    await writeFile(join(folder, "file"), "");
    await symlink(".", join(folder, "link"));
    expect(await isFolder(folder)).toBe(true);
    expect(await isFolder(join(folder, "link"))).toBe(true);
    expect(await isFolder(join(folder, "file"))).toBe(false);
    expect(await isFolder(join(folder, "nothing"))).toBe(false);
  });

  it.skipIf(process.platform === "win32")(
    "follows links to the real path and keeps the given name",
    async () => {
      await mkdir(join(folder, "blobs"));
      await mkdir(join(folder, "snapshot"));
      await writeFile(join(folder, "blobs", "abc"), "x");
      const link = join(folder, "snapshot", "model.safetensors");
      await symlink("../blobs/abc", link);
      const source = await openFileSource(link);
      expect(source.path).toBe(join(folder, "blobs", "abc"));
      expect(source.name).toBe(link);
    },
  );

  it("says that nothing is there, also behind a file or a dangling link", async () => {
    await writeFile(join(folder, "file"), "x");
    for (const path of [join(folder, "nothing"), join(folder, "file", "below")]) {
      await expect(openFileSource(path)).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: `${path}: no such file or folder.`,
      });
    }
  });

  it("refuses a folder", async () => {
    await expect(openFileSource(folder)).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: `${folder}: expected a file, found a folder.`,
    });
  });

  it.skipIf(process.platform !== "linux")("refuses a device", async () => {
    await expect(openFileSource("/dev/zero")).rejects.toThrow("found a device or a pipe");
  });

  it.skipIf(process.platform === "win32")("says that links lead in a circle", async () => {
    await symlink("b", join(folder, "a"));
    await symlink("a", join(folder, "b"));
    await expect(openFileSource(join(folder, "a"))).rejects.toThrow("symbolic links lead in a circle");
  });

  it.skipIf(process.platform === "win32" || process.getuid?.() === 0)(
    "says that permissions forbid it",
    async () => {
      const path = join(folder, "secret");
      await writeFile(path, "x");
      await chmod(path, 0);
      await expect(openFileSource(path)).rejects.toMatchObject({
        code: "IO",
        message: `${path}: may not be read; check its permissions.`,
      });
    },
  );

  it("notices that another file took its place while in use", async () => {
    const path = join(folder, "bytes");
    await writeFile(path, new Uint8Array(8));
    const source = await openFileSource(path);
    source.checkUnchanged!();
    await writeFile(`${path}.new`, new Uint8Array(8));
    await utimes(`${path}.new`, 1, 1);
    await rename(`${path}.new`, path);
    const changed = {
      code: "INVALID_FILE",
      message: `${path}: the file was touched or changed while in use. Open the model again.`,
    };
    await expect(source.read(0, 1)).rejects.toMatchObject(changed);
    expect(() => {
      source.checkUnchanged!();
    }).toThrow(expect.objectContaining(changed) as Error);
  });

  it("notices that the file became shorter while in use", async () => {
    const path = join(folder, "bytes");
    await writeFile(path, new Uint8Array(8));
    const source = await openFileSource(path);
    await truncate(path, 5);
    await expect(source.read(4, 4)).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: `${path}: the file was touched or changed while in use. Open the model again.`,
    });
  });
});

describe("readSafetensorsFile", () => {
  it("reads back what writeSafetensorsFile wrote, in the file's order", async () => {
    const path = join(folder, "latents.safetensors");
    const written: [string, Tensor][] = [
      ["latents", Tensor.from(new Float32Array([1, 2, 3]), [3])],
      ["2", Tensor.from(new BigInt64Array([5n]), [1])],
      ["half", Tensor.from(new Uint16Array([1, 2, 3]), [3, 1], "bfloat16")],
    ];
    await writeSafetensorsFile(path, written, { note: "é" });
    const { tensors, metadata } = await readSafetensorsFile(path);
    expect(metadata).toEqual({ note: "é" });
    expect([...tensors.keys()]).toEqual(["2", "latents", "half"]);
    for (const [name, tensor] of written) expect(tensors.get(name)?.equals(tensor)).toBe(true);
  });

  it("names the file when it is not safetensors", async () => {
    const path = join(folder, "latents.safetensors");
    await writeFile(path, "hello");
    await expect(readSafetensorsFile(path)).rejects.toThrow(`${path}: expected a safetensors file`);
  });
});
