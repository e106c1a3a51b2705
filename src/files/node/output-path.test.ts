import { execFileSync } from "node:child_process";
import { chmod, link, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeFileAtomic } from "./atomic-write.ts";
import { makeFolder, writeFolderAtomic } from "./durable.ts";
import { checkOutputFolderPath, checkOutputPath, KeptFiles, placeOf } from "./output-path.ts";

let folder = "";
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-output-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;
const isPosix = process.platform !== "win32";

/** Throwaway nodes, each with the words that messages have for it. */
const nodes: Readonly<Record<string, (path: string) => void>> = {
  "a pipe": (path) => execFileSync("mkfifo", [path]),
  // The numbers of /dev/null, in a folder of the test's own; only the super-user may make it.
  ...(isRoot ? { "a device": (path: string) => execFileSync("mknod", [path, "c", "1", "3"]) } : {}),
};

describe.runIf(isPosix)("an output over something that is no file", () => {
  it.each(Object.keys(nodes))(
    "refuses %s and leaves it there, by its name and behind a link",
    async (kind) => {
      nodes[kind]!(at("node"));
      await symlink("node", at("link"));
      const before = await stat(at("node"));
      const message = `${at("node")}: expected a file to write, found a device or a pipe.`;
      await expect(writeFileAtomic(at("node"), "x")).rejects.toMatchObject({ code: "IO", message });
      await expect(writeFileAtomic(at("link"), "x")).rejects.toMatchObject({
        message: `${at("link")}: expected a file to write, found a device or a pipe, behind a symbolic link.`,
      });
      await expect(writeFolderAtomic(at("node"), () => Promise.resolve())).rejects.toThrow(
        `${at("node")}: expected a folder to write into, found a device or a pipe.`,
      );
      expect((await stat(at("node"))).ino).toBe(before.ino);
    },
  );

  it("refuses a socket", async () => {
    const server = await new Promise<Server>((resolve) => {
      const listening = createServer().listen(at("socket"), () => {
        resolve(listening);
      });
    });
    await expect(writeFileAtomic(at("socket"), "x")).rejects.toThrow("found a socket.");
    expect((await stat(at("socket"))).isSocket()).toBe(true);
    server.close();
  });

  it("refuses what another program has put there during the work", async () => {
    const content = function* (): Generator<Uint8Array> {
      yield new Uint8Array(3);
      execFileSync("mkfifo", [at("out")]);
    };
    await expect(writeFileAtomic(at("out"), content())).rejects.toThrow("found a device or a pipe");
    expect((await stat(at("out"))).isFIFO()).toBe(true);
  });

  it("replaces a link to a file and a link that leads nowhere, and does not follow them", async () => {
    await writeFile(at("target"), "old");
    await symlink("target", at("link"));
    await symlink("nowhere", at("dangling"));
    await symlink("circle", at("circle"));
    for (const name of ["link", "dangling", "circle"]) {
      await writeFileAtomic(at(name), "new");
      expect(await readFile(at(name), "utf8")).toBe("new");
    }
    expect(await readFile(at("target"), "utf8")).toBe("old");
  });

  it
    .runIf(process.platform === "linux")
    .each(["/proc/self/x", "/sys/x", "/dev/stdout", "/dev/fd/1", "/dev/x"])(
    "refuses %s, a place of the operating system's",
    async (path) => {
      expect(() => {
        checkOutputPath(path);
      }).toThrow(`${path}: expected a file or folder on a disk`);
      await expect(makeFolder(path)).rejects.toMatchObject({ code: "IO" });
      await symlink("/dev", at("dev"));
      expect(() => {
        checkOutputPath(at("dev/null-of-test"));
      }).toThrow("a place of the operating system's in /dev.");
    },
  );

  it("keeps the permissions of the file that it replaces", async () => {
    await writeFile(at("private"), "old", { mode: 0o600 });
    await writeFileAtomic(at("private"), "new");
    expect((await stat(at("private"))).mode & 0o777).toBe(0o600);
  });

  it.skipIf(isRoot)("refuses a read-only file", async () => {
    await writeFile(at("out"), "old");
    await chmod(at("out"), 0o444);
    await expect(writeFileAtomic(at("out"), "x")).rejects.toThrow(`${at("out")}: is read-only.`);
  });
});

describe("an output over a file that is kept", () => {
  it("is refused under the file's name, another spelling and links of both kinds", async () => {
    await mkdir(at("sub"));
    await writeFile(at("input"), "mine");
    await link(at("input"), at("hard"));
    const kept = new KeptFiles();
    kept.add(at("input"), "an input");
    kept.add(at("missing"), "an input");
    const names = ["input", "sub/../input", "hard"];
    if (isPosix) {
      await symlink("input", at("soft"));
      await symlink(".", at("here"));
      names.push("soft", "here/input");
    }
    for (const name of names) {
      const path = `${folder}/${name}`;
      await expect(writeFileAtomic(path, "x", { kept })).rejects.toMatchObject({
        code: "IO",
        message: `${path}: would replace an input. Write to another name or folder.`,
      });
    }
    expect(await readFile(at("input"), "utf8")).toBe("mine");
    await writeFileAtomic(at("other"), "x", { kept });
  });
});

describe("paths", () => {
  it.each([
    ["", "found an empty text"],
    ["a\0b", "a\\0b: expected a path without NUL characters"],
    ["name/", "expected a file's name, found a folder's"],
  ])("refuses %j", async (path, message) => {
    await expect(writeFileAtomic(path, "x")).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining(message) as string,
    });
  });

  it("finds one place for every spelling of it, also where nothing is yet", async () => {
    await mkdir(at("a"));
    expect(placeOf(`${folder}/a/../out`)).toBe(placeOf(at("out")));
    expect(placeOf(at("a/out"))).not.toBe(placeOf(at("out")));
  });

  it("refuses a folder where a file is", async () => {
    await writeFile(at("file"), "");
    const check = (path: string) => () => {
      checkOutputFolderPath(path);
    };
    expect(check(at("file"))).toThrow("expected a folder to write into, found a file.");
    expect(check(at("new"))).not.toThrow();
    await expect(makeFolder(at("file/sub"))).rejects.toThrow(
      "expected folders on the way to it, found a file.",
    );
    await expect(writeFolderAtomic(at("file"), () => Promise.resolve())).rejects.toThrow("found a file.");
    expect(await readFile(at("file"), "utf8")).toBe("");
  });
});

describe("the length of a name", () => {
  it("is 227 bytes at most, in whatever letters, and is shown as far as it helps", () => {
    const check = (name: string) => (): void => {
      checkOutputPath(at(name));
    };
    expect(check("n".repeat(227))).not.toThrow();
    expect(check("n".repeat(228))).toThrow(
      "expected a name of at most 227 bytes to write, found 228. Choose a shorter one.",
    );
    expect(check("é".repeat(113))).not.toThrow();
    expect(check("é".repeat(114))).toThrow("found 228");
    expect(() => {
      checkOutputFolderPath(at("n".repeat(228)));
    }).toThrow("found 228");
  });
});

describe.runIf(isPosix)("places of the operating system", () => {
  it("are /proc, /sys and /dev but for its memory, and no folders that begin alike", async () => {
    for (const path of ["/dev/shm/vaekit-test", "/dev/shm/a/b", at("dev/x"), "/devices/x", "/system/x"]) {
      expect(() => {
        checkOutputPath(path);
      }, path).not.toThrow();
    }
    for (const path of ["/dev/shm", "/dev/null/x", "/proc/x", "/sys/kernel/x"]) {
      expect(() => {
        checkOutputFolderPath(path);
      }, path).toThrow();
    }
    await expect(makeFolder("/proc")).rejects.toThrow("/proc: expected a file or folder on a disk to write");
  });
});

describe("kept files", () => {
  it("are files alone: a folder, and what is not there, can be named without harm", async () => {
    const kept = new KeptFiles();
    kept.add(folder, "an input");
    kept.add(at("later"), "an input");
    await writeFileAtomic(at("later"), "x", { kept });
    expect(await readFile(at("later"), "utf8")).toBe("x");
  });

  it("are asked again when the file is written", async () => {
    const kept = new KeptFiles();
    await writeFile(at("input"), "mine");
    kept.add(at("input"), "an input");
    const content = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      await link(at("input"), at("out"));
    };
    await expect(writeFileAtomic(at("out"), content(), { kept })).rejects.toThrow("would replace an input");
    expect(await readFile(at("input"), "utf8")).toBe("mine");
  });
});
