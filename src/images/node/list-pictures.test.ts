import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listPictures } from "./list-pictures.ts";

let folder = "";
const at = (...names: string[]): string => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-list-"));
  await mkdir(at("pictures", "below"), { recursive: true });
  await mkdir(at("texts"));
  await mkdir(at("empty"));
  for (const name of ["b.PNG", "a.jpg", "below/c.webp", "notes.txt", ".hidden.png"]) {
    await writeFile(at("pictures", name), "x");
  }
  await symlink(at("pictures"), at("pictures", "below", "circle"));
  await writeFile(at("texts", "a.txt"), "x");
  await writeFile(at("list.txt"), "# two of them\npictures/b.PNG\n\n  pictures/a.jpg  \r\n");
});
afterAll(() => rm(folder, { recursive: true }));

describe("listPictures", () => {
  test("finds the pictures of a folder and below, sorted, without hidden files and other kinds", async () => {
    const expected = ["a.jpg", "b.PNG", "below/c.webp"].map((name) => at("pictures", name));
    expect(await listPictures(at("pictures"))).toEqual(expected);
  });

  test("reads a list in its own order, relative to the list", async () => {
    expect(await listPictures(at("list.txt"))).toEqual([at("pictures", "b.PNG"), at("pictures", "a.jpg")]);
  });

  test("joins several paths", async () => {
    const both = await listPictures([at("pictures", "below", "c.webp"), at("list.txt")]);
    expect(both).toEqual(["below/c.webp", "b.PNG", "a.jpg"].map((name) => at("pictures", name)));
  });

  test("says what it looked for", async () => {
    const refusal = async (path: string, content?: string): Promise<string> => {
      if (content !== undefined) await writeFile(path, content);
      return listPictures(path).then(String, (error: unknown) => (error as Error).message);
    };
    const kinds = "png, jpg, jpeg, webp, avif, tif or gif";
    expect(await refusal(at("nowhere"))).toContain("no such folder or file of pictures");
    expect(await refusal(at("empty"))).toContain(`(${kinds}) in this folder or below, found an empty folder`);
    expect(await refusal(at("texts"))).toContain("found only 1 other files");
    expect(await refusal(at("none.txt"), "# nothing\n")).toContain(
      "one path of a picture per line, found none",
    );
    expect(await refusal(at("prose.txt"), "Dear reader,\n")).toContain('found "Dear reader,"');
    expect(await refusal(at("model.bin"), "\0\x01")).toContain("found a file of another kind");
  });
});
