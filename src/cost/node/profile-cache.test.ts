import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defaultProfile } from "../cost-table.ts";
import {
  loadProfile,
  prepareProfileFolder,
  profileKey,
  profilePath,
  saveProfile,
  type ProfileKey,
} from "./profile-cache.ts";

const key: ProfileKey = { processor: "Test 1", provider: "cpu", threadCount: 2, runtimeVersion: "1.0.0" };
const measured = { ...defaultProfile("cpu", 2), element: 77 };

let folder: string;
let path: string;
let warnings: string[];
const load = (other: Partial<ProfileKey> = {}) =>
  loadProfile({ ...key, ...other }, { path, onWarning: (message) => warnings.push(message) });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-profile-"));
  path = join(folder, "vaekit", "profiles.json");
  warnings = [];
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("what was saved is loaded", async () => {
  await saveProfile(key, measured, path);
  expect(await load()).toEqual({ profile: measured, source: "measured" });
  expect(warnings).toEqual([]);
});

test("without a file the default prices hold, without a warning", async () => {
  expect(await load()).toEqual({ profile: defaultProfile("cpu", 2), source: "default" });
  expect(warnings).toEqual([]);
});

test("each number of threads and provider has its own prices", async () => {
  await saveProfile(key, measured, path);
  await saveProfile({ ...key, threadCount: 1 }, { ...measured, threadCount: 1, element: 88 }, path);
  await saveProfile(key, { ...measured, element: 99 }, path);
  expect((await load()).profile.element).toBe(99);
  expect((await load({ threadCount: 1 })).profile.element).toBe(88);
  expect((await load({ provider: "wasm" })).source).toBe("default");
  expect(warnings).toEqual([]);
});

describe("the default prices hold, with one warning that says what to do, for", () => {
  const broken: readonly (readonly [string, (text: string) => string])[] = [
    ["a file cut short", (text) => text.slice(0, text.length / 2)],
    ["an empty file", () => ""],
    ["another program's JSON", () => '{"profiles": []}'],
    ["another format", (text) => text.replace('"format": 1', '"format": 99')],
    ["a negative price", (text) => text.replace('"element": 77', '"element": -77')],
    ["a price that is no number", (text) => text.replace('"element": 77', '"element": "77"')],
    ["bytes", () => "\u0000\u0001\ufffd"],
  ];

  test.each(broken)("%s", async (_, damage) => {
    await saveProfile(key, measured, path);
    await writeFile(path, damage(await readFile(path, "utf8")));
    expect((await load()).source).toBe("default");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(path);
    expect(warnings[0]).toContain("Run `vaekit tune`");
  });

  test.each([{ processor: "Test 2" }, { runtimeVersion: "2.0.0" }])("%o", async (other) => {
    await saveProfile(key, measured, path);
    expect((await load(other)).source).toBe("default");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("another processor or version");
  });
});

test("a damaged file is replaced when the machine is measured again", async () => {
  await saveProfile(key, measured, path);
  await writeFile(path, "{");
  await saveProfile(key, measured, path);
  expect((await load()).source).toBe("measured");
});

test("the file lies in the user's cache folder", () => {
  expect(profilePath({ XDG_CACHE_HOME: "/cache" })).toBe(join("/cache", "vaekit", "profiles.json"));
  expect(profilePath({ XDG_CACHE_HOME: "" })).toMatch(/vaekit.profiles\.json$/);
});

describe("the file's place", () => {
  const platform = Object.getOwnPropertyDescriptor(process, "platform")!;
  afterEach(() => {
    Object.defineProperty(process, "platform", platform);
  });
  const pathOn = (name: NodeJS.Platform, environment: NodeJS.ProcessEnv): string => {
    Object.defineProperty(process, "platform", { ...platform, value: name });
    return profilePath(environment);
  };
  const below = (...names: string[]): string => join(...names, "vaekit", "profiles.json");

  test("is where each platform keeps caches", () => {
    expect(pathOn("linux", {})).toBe(below(homedir(), ".cache"));
    expect(pathOn("darwin", {})).toBe(below(homedir(), "Library", "Caches"));
    expect(pathOn("win32", {})).toBe(below(homedir(), "AppData", "Local"));
    expect(pathOn("win32", { LOCALAPPDATA: "/local" })).toBe(below("/local"));
    expect(pathOn("linux", { LOCALAPPDATA: "/local" })).toBe(below(homedir(), ".cache"));
    for (const name of ["linux", "darwin", "win32"] as const)
      expect(pathOn(name, { XDG_CACHE_HOME: "/cache", LOCALAPPDATA: "/local" })).toBe(below("/cache"));
  });

  test("is made before anything is measured, or the refusal says how to choose another", async () => {
    await prepareProfileFolder(path);
    expect((await stat(join(folder, "vaekit"))).isDirectory()).toBe(true);
    await writeFile(join(folder, "file"), "");
    await expect(prepareProfileFolder(join(folder, "file", "vaekit", "profiles.json"))).rejects.toMatchObject(
      {
        code: "IO",
        message: expect.stringMatching(
          /cache folder could not be made: .*Set XDG_CACHE_HOME to a folder that can be written\.$/,
        ) as string,
      },
    );
    await mkdir(join(folder, "taken", "profiles.json"), { recursive: true });
    await expect(prepareProfileFolder(join(folder, "taken", "profiles.json"))).rejects.toMatchObject({
      code: "IO",
    });
  });
});

test("a measurement is for this processor, so many threads, and this version of ONNX Runtime", async () => {
  const packaged = new URL("../../../node_modules/onnxruntime-node/package.json", import.meta.url);
  const { version } = JSON.parse(await readFile(packaged, "utf8")) as { version: string };
  const model = cpus()[0]?.model.trim() ?? "";
  expect(profileKey("cpu")).toEqual({
    processor: model === "" ? process.arch : model,
    provider: "cpu",
    threadCount: availableParallelism(),
    runtimeVersion: version,
  });
  expect(profileKey("wasm", 3)).toMatchObject({ provider: "wasm", threadCount: 3 });
});

test("a second measurement takes the place of the first, also one of another processor, and of no other's", async () => {
  await saveProfile({ ...key, processor: "Test 0" }, { ...measured, element: 11 }, path);
  await saveProfile({ ...key, threadCount: 7 }, { ...measured, threadCount: 7 }, path);
  await saveProfile(key, measured, path);
  const { format, entries } = JSON.parse(await readFile(path, "utf8")) as {
    format: number;
    entries: { processor: string; profile: { threadCount: number } }[];
  };
  expect(format).toBe(1);
  expect(entries.map(({ processor, profile }) => [processor, profile.threadCount])).toEqual([
    ["Test 1", 7],
    ["Test 1", 2],
  ]);
});
