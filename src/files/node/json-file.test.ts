import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readJsonBytes, readJsonFile } from "./json-file.ts";
import { packageFile, packageVersion, requireFromHere } from "./package-file.ts";

let folder = "";
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-json-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("a JSON file is read and parsed, and named where it is none", async () => {
  await writeFile(at("good"), '{"a": [1]}');
  await writeFile(at("bad"), "{a");
  expect(await readJsonFile(at("good"))).toEqual({ a: [1] });
  await expect(readJsonFile(at("bad"))).rejects.toThrow(`${at("bad")}: expected JSON: `);
  await expect(readJsonFile(at("none"))).rejects.toMatchObject({ code: "NOT_FOUND" });
});

it("a file as large as any JSON may be is read, and a larger one is not", async () => {
  await writeFile(at("large"), "");
  await truncate(at("large"), 16 * 2 ** 20);
  expect(await readJsonBytes(at("large"))).toHaveLength(16 * 2 ** 20);
  await truncate(at("large"), 16 * 2 ** 20 + 1);
  await expect(readJsonBytes(at("large"))).rejects.toMatchObject({
    code: "INVALID_FILE",
    message: `${at("large")}: expected a JSON file of at most 16777216 bytes, found 16777217.`,
  });
});

it("a file of the package is found from the root of the code", () => {
  expect(packageFile("errors.ts")).toMatch(/src.errors\.ts$/);
  expect(packageFile("../assets")).toMatch(/assets$/);
  expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+/);
  expect(packageVersion()).toBe((requireFromHere("../../../package.json") as { version: string }).version);
  expect(() => packageFile("no/such.js")).toThrow(
    expect.objectContaining({
      code: "NOT_FOUND",
      message: expect.stringMatching(
        /^vaekit.dist.no.such\.js: expected this file of the package vaekit, found neither it beside .*package-file\.ts nor the package in a node_modules/,
      ) as string,
    }) as Error,
  );
});
