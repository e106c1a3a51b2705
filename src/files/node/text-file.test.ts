import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readTextFile } from "./text-file.ts";

const folder = mkdtempSync(join(tmpdir(), "vaekit-read-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const at = (name: string): string => join(folder, name);

describe("readTextFile", () => {
  it("gives the text of a file, and of one behind a link", async () => {
    writeFileSync(at("text"), "pixels é");
    symlinkSync(at("text"), at("link"));
    expect(await readTextFile(at("text"), { maxBytes: 9 })).toBe("pixels é");
    expect(await readTextFile(at("link"), { maxBytes: 9 })).toBe("pixels é");
  });

  it("refuses more bytes than its caller allows", async () => {
    writeFileSync(at("long"), "0123456789");
    await expect(readTextFile(at("long"), { maxBytes: 9 })).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: `${at("long")}: expected a file of at most 9 bytes, found 10.`,
    });
  });

  it("refuses bytes that are no UTF-8", async () => {
    writeFileSync(at("bytes"), Buffer.from([0xc3]));
    await expect(readTextFile(at("bytes"), { maxBytes: 9 })).rejects.toMatchObject({ code: "INVALID_FILE" });
  });

  it("refuses what never ends, before it opens it", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    symlinkSync("/dev/zero", at("zeros"));
    for (const name of ["pipe", "zeros"]) {
      await expect(readTextFile(at(name), { maxBytes: 9 })).rejects.toMatchObject({
        code: "INVALID_FILE",
        message: `${at(name)}: expected a file, found a device or a pipe.`,
      });
    }
  });
});
