import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
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
