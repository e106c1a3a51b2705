import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hashFor, hashName, hashOfFile, isBlobName, plainSha1OfFile } from "./content-hash.ts";

/** As `git hash-object`, `sha1sum` and `sha256sum` give them for "hello\n". */
const git = "ce013625030ba8dba906f756967f9e9ca394464a";
const sha1 = "f572d396fae9206628714fb2ce00f72e94f2258f";
const sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

let folder = "";
let path = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-hash-"));
  path = join(folder, "file");
  await writeFile(path, "hello\n");
});
afterAll(() => rm(folder, { recursive: true }));

test("a file's hash is of the kind that its blob is called by", async () => {
  expect(await hashOfFile(path, "0".repeat(40))).toBe(git);
  expect(await hashOfFile(path, "0".repeat(64))).toBe(sha256);
  expect(await plainSha1OfFile(path)).toBe(sha1);
  expect(hashFor(git, 6).update("hello\n").digest("hex")).toBe(git);
});

test("hashes are called what people call them", () => {
  expect([hashName(git), hashName(sha256)]).toEqual(["git hash", "SHA-256"]);
});

test("a blob's name is a hash of either kind and nothing else", () => {
  expect([git, sha256].map(isBlobName)).toEqual([true, true]);
  const others = [
    "",
    git.slice(1),
    `${git}0`,
    git.toUpperCase(),
    `${git}/`,
    `../${git}`,
    "a".repeat(41),
    "a".repeat(104),
  ];
  expect(others.map(isBlobName)).toEqual(others.map(() => false));
});

test("a file is closed after it was read", async () => {
  if (process.platform !== "linux") return;
  const open = (): number => readdirSync("/proc/self/fd").length;
  await hashOfFile(path, git);
  const before = open();
  for (let i = 0; i < 20; i++) await hashOfFile(path, git);
  expect(open()).toBeLessThan(before + 10);
});
