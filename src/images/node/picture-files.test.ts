import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { VaekitError } from "../../errors.ts";
import { leftOutText, type LeftOut, type UnreadablePicture } from "./left-out.ts";
import { PictureFiles, type PictureFilesOptions } from "./picture-files.ts";
import { readImage } from "./read-image.ts";
import { encodePng } from "./write-image.ts";

let folder = "";
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-picture-files-"));
  const png = await encodePng({ width: 2, height: 1, channels: 1, data: Uint8Array.of(1, 2) });
  await mkdir(at("photos", "below"), { recursive: true });
  for (const name of ["b.png", "a.png", "below/c.png"]) await writeFile(at("photos", name), png);
  await writeFile(at("photos", "broken.png"), "no picture");
  await writeFile(at("photos", "notes.txt"), "");
  await mkdir(at("empty"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The names of the pictures that can be read, and what was said meanwhile. */
async function readAll(
  given: string[],
  options: PictureFilesOptions = {},
): Promise<{ names: string[]; unreadable: UnreadablePicture[]; listed: string[]; leftOut: LeftOut }> {
  const unreadable: UnreadablePicture[] = [];
  const listed: string[] = [];
  const files = await PictureFiles.find(given, {
    onUnreadable: (picture) => unreadable.push(picture),
    onListed: (path, leftOut) => listed.push(`${path}: ${leftOutText(leftOut)}`),
    ...options,
  });
  await files.checkAhead((path) => readImage(path));
  const names: string[] = [];
  for await (const { path, index, picture } of files.read((path) => readImage(path))) {
    expect(files.paths[index]).toBe(path);
    expect(picture.width).toBe(2);
    names.push(path.slice(folder.length + 1));
  }
  return { names, unreadable, listed, leftOut: files.leftOut };
}

test("pictures of a folder come by name, and what is left out is told and counted", async () => {
  const { names, unreadable, listed, leftOut } = await readAll([at("photos")]);
  expect(names).toEqual(["photos/a.png", "photos/b.png"]);
  expect(listed).toEqual([`${at("photos")}: 1 folder inside, 1 file that is no picture`]);
  expect(unreadable.map(({ path }) => path)).toEqual([at("photos", "broken.png")]);
  expect(leftOut).toMatchObject({ folders: 1, otherFiles: 1, unreadable });
});

test("a file that is given twice comes once, and folders below when they are asked for", async () => {
  const { names } = await readAll([at("photos", "b.png"), at("photos")], { recursive: true });
  expect(names).toEqual(["photos/b.png", "photos/a.png", "photos/below/c.png"]);
});

test("a picture that is named must be readable, and with strict every other", async () => {
  const broken = at("photos", "broken.png");
  const refusal = { code: "INVALID_FILE", message: expect.stringContaining(broken) as string };
  await expect(readAll([at("photos", "a.png"), broken])).rejects.toMatchObject(refusal);
  await expect(readAll([at("photos")], { strict: true })).rejects.toMatchObject(refusal);
});

test.each([
  ["nowhere", "NOT_FOUND", /no such picture or folder/],
  ["empty", "INVALID_FILE", /expected pictures .* directly in this folder, found an empty folder/],
  ["", "INVALID_ARGUMENT", /found an empty text/],
])("refuses %j", async (name, code, message) => {
  const given = name === "" ? "" : at(name);
  await expect(PictureFiles.find([given])).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as string,
  });
});

test("says which picture is the first of many of which none can be read", async () => {
  const files = await PictureFiles.find([at("photos")]);
  const refuse = (path: string): Promise<never> => readImage(`${path}.missing`) as Promise<never>;
  await expect(files.read(refuse).next()).rejects.toThrow(/among 3, found none; the first is .*a\.png/);
});

test("ends with an error that is not about one picture", async () => {
  const files = await PictureFiles.find([at("photos")]);
  const fail = (): Promise<never> => Promise.reject(new TypeError("no reader"));
  await expect(files.read(fail).next()).rejects.toThrow("no reader");
  expect(files.leftOut.unreadable).toEqual([]);
});

test("what could not be read is left out of a second reading without another word", async () => {
  const unreadable: string[] = [];
  const files = await PictureFiles.find([at("photos")], {
    onUnreadable: ({ path }) => unreadable.push(path),
  });
  const asked: string[] = [];
  const read = async (): Promise<number[]> => {
    const indices: number[] = [];
    for await (const { index } of files.read((path) => {
      asked.push(path.slice(folder.length + 8));
      return readImage(path);
    })) {
      indices.push(index);
    }
    return indices;
  };
  expect([await read(), await read()]).toEqual([
    [0, 1],
    [0, 1],
  ]);
  expect(asked).toEqual(["a.png", "b.png", "broken.png", "a.png", "b.png"]);
  expect(unreadable).toEqual([at("photos", "broken.png")]);
  expect(files.leftOut.unreadable).toEqual([
    { path: at("photos", "broken.png"), reason: expect.stringContaining("expected a picture") as string },
  ]);
});

test("only what must be readable is read ahead, and nothing of one picture alone", async () => {
  const aheadOf = async (given: string[], options: PictureFilesOptions = {}): Promise<string[]> => {
    const asked: string[] = [];
    const files = await PictureFiles.find(given, options);
    await files.checkAhead((path) => {
      asked.push(path.slice(folder.length + 8));
      return Promise.resolve();
    });
    return asked;
  };
  expect(await aheadOf([at("photos", "a.png")])).toEqual([]);
  expect(await aheadOf([at("photos", "a.png"), at("photos")])).toEqual(["a.png"]);
  expect(await aheadOf([at("photos")])).toEqual([]);
  expect(await aheadOf([at("photos")], { strict: true })).toEqual(["a.png", "b.png", "broken.png"]);
});

test.each(["INVALID_FILE", "NOT_FOUND", "IO"] as const)(
  "goes on after %s of a picture of a folder",
  async (code) => {
    const files = await PictureFiles.find([at("photos")]);
    const seen: string[] = [];
    for await (const { path } of files.read((each) =>
      each.endsWith("a.png") ? Promise.reject(new VaekitError(code, `${each}: gone.`)) : Promise.resolve(1),
    )) {
      seen.push(path.slice(folder.length + 8));
    }
    expect(seen).toEqual(["b.png", "broken.png"]);
    expect(files.leftOut.unreadable).toEqual([{ path: at("photos", "a.png"), reason: "gone" }]);
  },
);

test.each([3, [], [3], undefined])("does not take %j for paths, nor for a reader", async (given) => {
  await expect(PictureFiles.find(given as never)).rejects.toThrow(
    "PictureFiles.find: expected a list of paths of pictures and folders",
  );
  const files = await PictureFiles.find([at("photos")]);
  await expect(files.read(given as never).next()).rejects.toThrow(
    "expected a function that reads one picture",
  );
  await expect(files.checkAhead(given as never)).rejects.toThrow(
    "PictureFiles.checkAhead: expected a function",
  );
});
