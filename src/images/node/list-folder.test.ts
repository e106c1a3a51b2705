/** Which files of a folder are pictures, in which order, and as what the others are counted. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listFolder } from "./list-folder.ts";
import { nothingLeftOut } from "./left-out.ts";
import { findPictures, listPictures } from "./list-pictures.ts";
import { isOtherFormat, isOutputName, isRunFolder, readableNames } from "./picture-names.ts";
import { readImage } from "./read-image.ts";
import { encodePng } from "./write-image.ts";

let folder = "";
const at = (...names: string[]): string => join(folder, ...names);
const raster = { width: 4, height: 2, channels: 3, data: new Uint8Array(24).fill(9) } as const;

async function put(name: string, content: string | Uint8Array = "x"): Promise<void> {
  await mkdir(join(at(name), ".."), { recursive: true });
  await writeFile(at(name), content);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-folder-"));
});
afterAll(() => rm(folder, { recursive: true }));

const listed = async (name: string, recursive: boolean) => {
  const { files, leftOut } = await listFolder(at(name), { recursive });
  return { files: files.map((file) => relative(at(name), file)), leftOut };
};

describe("a folder of pictures", () => {
  beforeAll(async () => {
    const names = [
      "b.png",
      "B.png",
      "a.jpg",
      "é.png",
      "10.png",
      "9.png",
      "below/c.webp",
      "below/deeper/d.PNG",
    ];
    for (const name of names) await put(`mixed/${name}`);
    for (const name of [
      ".hidden.png",
      ".folder/e.png",
      "notes.txt",
      "raw.nef",
      "drawing.SVG",
      "no-extension",
    ]) {
      await put(`mixed/${name}`);
    }
    for (const name of ["a.reconstruction.png", "step-100-prior.png", "step-7-reconstructions.PNG"]) {
      await put(`mixed/${name}`);
    }
    await put("mixed/sheet.png", await encodePng(raster, { ownPicture: "sample sheet" }));
    await put("mixed/step-100-other.png");
    await put("mixed/run/recipe.json");
    await put("mixed/run/log.jsonl");
    await put("mixed/run/f.png");
    await symlink(at("mixed"), at("mixed", "below", "circle"));
    await symlink(at("nowhere"), at("mixed", "broken.png"));
    await symlink(at("mixed", "a.jpg"), at("mixed", "link.jpg"));
    execFileSync("mkfifo", [at("mixed", "pipe.png")]);
  });

  test("is sorted by code unit, and counts all that it leaves out", async () => {
    const { files, leftOut } = await listed("mixed", false);
    expect(files).toEqual([
      "10.png",
      "9.png",
      "B.png",
      "a.jpg",
      "b.png",
      "link.jpg",
      "step-100-other.png",
      "é.png",
    ]);
    expect(leftOut).toEqual({
      ...nothingLeftOut(),
      hidden: 2,
      ownPictures: 4,
      folders: 2,
      otherFormats: 2,
      otherFiles: 2,
      unreadable: [
        { path: at("mixed", "broken.png"), reason: "expected a picture, found a link that leads nowhere" },
        { path: at("mixed", "pipe.png"), reason: "expected a picture, found a device or a pipe" },
      ],
    });
  });

  test("is listed with the folders below, each once, without those of training runs", async () => {
    const { files, leftOut } = await listed("mixed", true);
    expect(files).toEqual([
      "10.png",
      "9.png",
      "B.png",
      "a.jpg",
      "b.png",
      "below/c.webp",
      "below/deeper/d.PNG",
      "link.jpg",
      "step-100-other.png",
      "é.png",
    ]);
    expect(leftOut).toMatchObject({ folders: 0, runFolders: 1, hidden: 2 });
  });

  test("that is a training run's is left out whole", async () => {
    const { files, leftOut } = await listed("mixed/run", true);
    expect(files).toEqual([]);
    expect(leftOut).toEqual({ ...nothingLeftOut(), runFolders: 1 });
    await expect(findPictures(at("mixed", "run"))).rejects.toThrow(
      "found only 1 other files (1 folder of a training run).",
    );
  });

  test("that is not there is an error", async () => {
    await expect(listFolder(at("nowhere"), { recursive: true })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("is given with what it left out, also of several", async () => {
    const both = await findPictures([at("mixed", "a.jpg"), at("mixed"), at("mixed")]);
    expect(both.files).toHaveLength(21);
    expect(both.leftOut).toMatchObject({ hidden: 4, ownPictures: 8, runFolders: 2 });
    expect(both.leftOut.unreadable).toHaveLength(4);
    await expect(findPictures([])).rejects.toThrow("pictures: expected at least one path, found none.");
  });
});

describe("a folder without pictures", () => {
  test("names the first that cannot be read", async () => {
    await mkdir(at("poor"));
    await symlink(at("nowhere"), at("poor", "x.png"));
    await put("poor/notes.txt");
    await expect(listPictures(at("poor"))).rejects.toThrow(
      `found only 2 other files (1 file that is no picture, ${at("poor", "x.png")}: expected a picture, found a link that leads nowhere).`,
    );
  });
});

describe("names", () => {
  test("tell pictures, other formats, what vaekit made, and runs", async () => {
    const { isPictureName, extensions } = await readableNames();
    expect(
      ["a.png", "a.JPG", "a.jpeg", "a.webp", "a.avif", "a.tif", "a.tiff", "a.gif"].every(isPictureName),
    ).toBe(true);
    expect(["a.bmp", "a.svg", "a.pdf", "a.txt", "png", "a"].some(isPictureName)).toBe(false);
    expect(["a.bmp", "a.HEIC", "a.svg", "a.pdf", "a.psd", "a.nef"].every(isOtherFormat)).toBe(true);
    expect(["a.txt", "bmp"].some(isOtherFormat)).toBe(false);
    expect(
      ["a.reconstruction.png", "step-1-interpolation.png", "STEP-22-PRIOR.png"].every(isOutputName),
    ).toBe(true);
    expect(
      [
        "reconstruction.png",
        "a.reconstruction.jpg",
        "step--prior.png",
        "x-step-1-prior.png",
        "step-1-prior.png.png",
      ].some(isOutputName),
    ).toBe(false);
    for (const other of ["log.jsonl", "timing.jsonl", "checkpoints", "train.lock"]) {
      expect(isRunFolder(["recipe.json", other])).toBe(true);
      expect(isRunFolder([other])).toBe(false);
    }
    expect(isRunFolder(["recipe.json", "a.png"])).toBe(false);
    expect(extensions).toBe("png, jpg, jpeg, webp, avif, tif or gif");
  });
});

test("a picture of exactly as many pixels as are allowed is read, and of one more is not", async () => {
  const png = await encodePng(raster);
  expect(await readImage(png, { maxPixels: 8 })).toEqual(raster);
  await expect(readImage(png, { maxPixels: 7 })).rejects.toThrow("expected at most 7 pixels, found 4x2 = 8");
  for (const maxPixels of [0, 1.5]) {
    await expect(readImage(png, { maxPixels })).rejects.toThrow(
      "readImage: maxPixels: expected a whole number",
    );
  }
});
