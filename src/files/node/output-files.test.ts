import { link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OutputFiles } from "./output-files.ts";

let folder = "";
const at = (...names: string[]): string => join(folder, ...names);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-outputs-"));
  await writeFile(at("input"), "input");
});
afterEach(() => rm(folder, { recursive: true }));

const refusal = (code: string, message: RegExp): object => ({
  code,
  message: expect.stringMatching(message) as string,
});

test("writes what was claimed, in place of an older file", async () => {
  await writeFile(at("out"), "older");
  const outputs = new OutputFiles([at("input")]);
  await outputs.claim(at("out"));
  await outputs.write(at("out"), "new");
  expect(await readFile(at("out"), "utf8")).toBe("new");
});

test("refuses inputs, kept files and another output, under every name", async () => {
  const outputs = new OutputFiles([at("input")]);
  await expect(outputs.claim(at("input"))).rejects.toMatchObject(refusal("IO", /would replace an input/));
  await link(at("input"), at("linked"));
  await expect(outputs.claim(at("linked"))).rejects.toMatchObject(refusal("IO", /would replace an input/));
  await outputs.claim(at("out"));
  await expect(outputs.claim(at(".", "out"))).rejects.toMatchObject(
    refusal("INVALID_ARGUMENT", /Two outputs would be written/),
  );
  await writeFile(at("out"), "weights");
  expect(() => {
    outputs.keep(at("out"), "the model's weights");
  }).toThrow(/would replace the model's weights/);
});

test("refuses vaekit's own files", async () => {
  const own = new URL("../../../package.json", import.meta.url).pathname;
  await expect(new OutputFiles().claim(own)).rejects.toThrow(/would replace a file of vaekit's own/);
});

test("makes a folder that was claimed with the first file in it, and not before", async () => {
  const outputs = new OutputFiles();
  await outputs.claimFolder(at("run"));
  await outputs.claim(at("run", "a"));
  expect(await readdir(folder)).toEqual(["input"]);
  await outputs.write(at("run", "a"), "a");
  expect(await readdir(at("run"))).toEqual(["a"]);
});

test.each([
  ["nowhere/a", "IO", /its folder does not exist; create/],
  ["input/a", "IO", /expected a folder at .*input, found a file/],
  ["folder/", "IO", /expected a file's name, found a folder's/],
])("refuses %s before anything is written", async (name, code, message) => {
  await mkdir(at("folder"));
  await expect(new OutputFiles().claim(`${folder}/${name}`)).rejects.toMatchObject(refusal(code, message));
});

test("writes nothing that was not claimed", async () => {
  const outputs = new OutputFiles();
  await expect(outputs.write(at("out"), "x")).rejects.toMatchObject(
    refusal("INVALID_ARGUMENT", /expected a path that was claimed/),
  );
  expect(await readdir(folder)).toEqual(["input"]);
});

test("refuses a folder that is not there, one that is a file, and two names of one file by a link", async () => {
  const outputs = new OutputFiles();
  await mkdir(at("folder"));
  await symlink("folder", at("link"));
  await outputs.claim(at("folder", "out"));
  await expect(outputs.claim(at("link", "out"))).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: `Two outputs would be written to one file, ${at("folder", "out")} and ${at("link", "out")}. Rename one, or give them to two runs.`,
  });
  await expect(outputs.claim(at("folder", "out"))).rejects.toMatchObject({
    message: `Two outputs would be written to ${at("folder", "out")}. Rename one, or give them to two runs.`,
  });
});

test("keeps each output from those that come after it, under the name of a link, too", async () => {
  const outputs = new OutputFiles();
  await outputs.claim(at("one"));
  await outputs.claim(at("two"));
  await outputs.write(at("one"), "1");
  await link(at("one"), at("two"));
  await expect(outputs.write(at("two"), "2")).rejects.toMatchObject(
    refusal("IO", /would replace another output of this run/),
  );
  expect(await readFile(at("one"), "utf8")).toBe("1");
});

test("does not replace an input that came after the claim", async () => {
  const outputs = new OutputFiles([at("input")]);
  await outputs.claim(at("out"));
  await link(at("input"), at("out"));
  await expect(outputs.write(at("out"), "x")).rejects.toMatchObject(refusal("IO", /would replace an input/));
  expect(await readFile(at("input"), "utf8")).toBe("input");
});

test("keeps what is not there, and what nobody claimed, without a word", async () => {
  const outputs = new OutputFiles([at("nothing")]);
  await outputs.claim(at("nothing"));
  outputs.keep(at("nothing"), "the weights");
  outputs.keep(at("input"), "the picture");
  await expect(outputs.claim(at("input"))).rejects.toMatchObject(refusal("IO", /would replace the picture/));
});

test("claims a folder that is there, and files in it as in any other", async () => {
  await mkdir(at("run"));
  const outputs = new OutputFiles();
  await outputs.claimFolder(`${at("run")}/`);
  await outputs.claim(at("run", "a"));
  await outputs.write(at("run", "a"), "a");
  expect(await readdir(at("run"))).toEqual(["a"]);
});

test.each([
  ["nowhere/run", /nowhere\/run: its folder does not exist; create .*nowhere first/],
  ["input", /expected a folder to write into, found a file/],
  ["input/run", /expected a folder at .*input, found a file/],
])("claims no folder at %s", async (name, message) => {
  await expect(new OutputFiles().claimFolder(at(name))).rejects.toMatchObject(refusal("IO", message));
});

test("makes no claimed folder for a file that was not claimed", async () => {
  const outputs = new OutputFiles();
  await outputs.claimFolder(at("run"));
  await expect(outputs.write(at("run", "a"), "a")).rejects.toMatchObject(
    refusal("INVALID_ARGUMENT", /^OutputFiles\.write: expected a path that was claimed, found .*run.a\.$/),
  );
  expect(await readdir(folder)).toEqual(["input"]);
});

test("refuses what is no path, and no list of paths", async () => {
  const outputs = new OutputFiles();
  expect(() => new OutputFiles("input" as never)).toThrow("OutputFiles: inputs: expected a list of paths");
  expect(() => new OutputFiles([5] as never)).toThrow("OutputFiles: inputs: expected a list of paths");
  await expect(outputs.claim(5 as never)).rejects.toThrow("OutputFiles.claim: expected a path, found 5");
  await expect(outputs.claimFolder(5 as never)).rejects.toThrow("OutputFiles.claimFolder: expected a path");
  await expect(outputs.write(5 as never, "")).rejects.toThrow("OutputFiles.write: expected a path, found 5");
  expect(() => {
    outputs.keep(5 as never, "x");
  }).toThrow("OutputFiles.keep: expected a path");
  expect(() => {
    outputs.keep("x", "");
  }).toThrow("OutputFiles.keep: role: expected what the file is to the user");
});

describe("two names that differ in capitals, or in how an accent is written", () => {
  const platform = Object.getOwnPropertyDescriptor(process, "platform")!;
  afterEach(() => {
    Object.defineProperty(process, "platform", platform);
  });

  test.each([
    ["linux", false],
    ["darwin", true],
    ["win32", true],
  ] as const)("on %s mean one file: %s", async (name, isOne) => {
    Object.defineProperty(process, "platform", { ...platform, value: name });
    const outputs = new OutputFiles();
    await outputs.claim(at("Caf\u00e9"));
    for (const other of ["caf\u00e9", "Cafe\u0301"]) {
      const claim = outputs.claim(at(other));
      if (isOne) await expect(claim).rejects.toThrow(/^Two outputs would be written to one file, /);
      else await claim;
    }
  });
});
