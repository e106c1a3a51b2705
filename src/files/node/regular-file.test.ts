import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFileSource } from "./file-source.ts";
import { readRegularFile, statRegularFile } from "./regular-file.ts";

let folder = "";
let server: Server;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-kinds-"));
  await writeFile(at("file"), "content");
  await symlink(at("file"), at("link"));
});
afterAll(() => rm(folder, { recursive: true }));

test("reads a regular file, also through a link, and no more than is allowed", async () => {
  for (const name of ["file", "link"]) {
    expect(Buffer.from(await readRegularFile(at(name), { maxBytes: 7 })).toString()).toBe("content");
  }
  await expect(readRegularFile(at("file"), { expected: "a note", maxBytes: 6 })).rejects.toThrow(
    "expected a note of at most 6 bytes, found 7",
  );
  await expect(readRegularFile(at("none"), { maxBytes: 6 })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

// Each would keep whoever opens or reads it waiting.
describe.skipIf(process.platform === "win32")("refuses by kind, without opening it,", () => {
  const refusal = async (path: string, kind: string): Promise<void> => {
    const expected = { code: "INVALID_FILE", message: `${path}: expected a file, found ${kind}.` };
    await expect(statRegularFile(path)).rejects.toMatchObject(expected);
    await expect(readRegularFile(path, { maxBytes: 100 })).rejects.toMatchObject(expected);
    await expect(openFileSource(path)).rejects.toMatchObject(expected);
  };

  test("a folder", () => refusal(folder, "a folder"));
  test("a pipe, also behind a link", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    await refusal(at("pipe"), "a device or a pipe");
    await symlink(at("pipe"), at("link-to-pipe"));
    await refusal(at("link-to-pipe"), "a device or a pipe");
  });
  test("a device without end", () => refusal("/dev/zero", "a device or a pipe"));
  test("a socket", async () => {
    server = createServer().listen(at("socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    await refusal(at("socket"), "a socket");
    await new Promise((resolve) => server.close(resolve));
  });
  test.runIf(process.platform === "linux")(
    "gives nothing of a file of /proc, which has no size",
    async () => {
      expect(await readRegularFile("/proc/self/mem", { maxBytes: 100 })).toHaveLength(0);
    },
  );
});
