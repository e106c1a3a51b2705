import { describe, expect, it } from "vitest";
import { VaekitError } from "../../errors.ts";
import { readError, systemCode, writeError } from "./file-errors.ts";

const failed = (code: string): Error => Object.assign(new Error("deep"), { code });

describe("a file that cannot be read", () => {
  it.each([
    ["ENOENT", "NOT_FOUND", "no such file or folder."],
    ["ENOTDIR", "NOT_FOUND", "no such file or folder."],
    ["EACCES", "IO", "may not be read; check its permissions."],
    ["EPERM", "IO", "may not be read; check its permissions."],
    ["ELOOP", "IO", "its symbolic links lead in a circle."],
    ["ENAMETOOLONG", "IO", "longer than a name may be here."],
    ["EIO", "IO", "reading failed: deep."],
  ])("by %s is %s: %s", (code, expected, message) => {
    const cause = failed(code);
    expect(readError("a/b", cause)).toMatchObject({ code: expected, message: `a/b: ${message}`, cause });
  });
});

describe("a file that cannot be written", () => {
  it.each([
    ["ENOENT", "its folder does not exist; create it first."],
    ["ENOTDIR", "its folder does not exist; create it first."],
    ["EISDIR", "expected a file to write, found a folder."],
    ["EEXIST", "expected a file to write, found a folder."],
    ["ENOTEMPTY", "expected a file to write, found a folder."],
    ["EACCES", "may not be written; check the folder's permissions."],
    ["EPERM", "may not be written; check the folder's permissions."],
    ["EROFS", "may not be written; check the folder's permissions."],
    ["ENOSPC", "the disk is full, or your share of it; nothing was written."],
    ["EDQUOT", "the disk is full, or your share of it; nothing was written."],
    ["ENAMETOOLONG", "longer than a name may be here; choose a shorter one."],
    ["EIO", "writing failed: deep."],
  ])("by %s is an error that says: %s", (code, message) => {
    const cause = failed(code);
    expect(writeError("a/b", cause)).toMatchObject({ code: "IO", message: `a/b: ${message}`, cause });
  });
});

it("errors of vaekit's own stay as they are, and what is no error of the system is told", () => {
  const own = new VaekitError("INVALID_FILE", "x");
  expect(readError("a", own)).toBe(own);
  expect(writeError("a", own)).toBe(own);
  expect(readError("a", "thrown").message).toBe("a: reading failed: thrown.");
  expect(writeError("a", new Error("thrown")).message).toBe("a: writing failed: thrown.");
});

it("codes are those of errors alone", () => {
  expect(systemCode(failed("EIO"))).toBe("EIO");
  for (const other of [
    { code: "EIO" },
    "EIO",
    null,
    undefined,
    new Error("x"),
    Object.assign(new Error("x"), { code: 5 }),
  ]) {
    expect(systemCode(other)).toBeUndefined();
  }
});
