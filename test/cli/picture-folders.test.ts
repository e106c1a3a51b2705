/** Folders of strangers hold more than sound pictures: what is left out, what is said of it, and the exit codes. */
import { execFileSync } from "node:child_process";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSafetensorsFile } from "../../src/node/index.ts";
import { listFiles, runCli, savePicture, saveTinyModel, temporaryFolder, type Outcome } from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const inFolder = (...names: string[]): string => join(folder.path, ...names);
const model = ["--model", "model", "--device", "cpu", "--size", "16x16"];
const run = (...args: string[]): Promise<Outcome> => runCli(args, { cwd: folder.path });

interface LeftOut {
  readonly hidden: number;
  readonly ownPictures: number;
  readonly runFolders: number;
  readonly folders: number;
  readonly otherFormats: number;
  readonly otherFiles: number;
  readonly unreadable: { path: string; reason: string }[];
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(inFolder("model"));
  await mkdir(inFolder("photos"));
  await savePicture(inFolder("photos", "a.png"), 32, 32);
  await savePicture(inFolder("photos", "really-png.jpg"), 32, 32);
  const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#a05010" } })
    .jpeg()
    .toBuffer();
  await writeFile(inFolder("photos", "half.jpg"), jpeg.subarray(0, jpeg.length / 2));
  await writeFile(inFolder("photos", "page.jpg"), "<!DOCTYPE html><html></html>");
  await writeFile(inFolder("photos", "._a.png"), Buffer.from([0, 5, 0x16, 7, 0, 2, 0, 0]));
  await writeFile(inFolder("photos", "old.bmp"), "BM");
  await writeFile(inFolder("photos", "a.txt"), "a caption");
  await mkdir(inFolder("photos", "folder.jpg"));
});
afterAll(() => folder.remove());

describe.each([
  ["calibrate", ["--json"]],
  ["encode", ["--json", "--out", "photos.safetensors"]],
  ["roundtrip", ["--json", "--out", "out"]],
])("%s of a folder", (command, rest) => {
  test("takes the sound pictures, says and counts what it leaves out, and exits 0", async () => {
    const { code, stdout, stderr } = await run(command, "photos", ...model, ...rest);
    expect(code).toBe(0);
    const { pictures, leftOut } = JSON.parse(stdout) as { pictures: number | unknown[]; leftOut: LeftOut };
    expect(Array.isArray(pictures) ? pictures.length : pictures).toBe(2);
    expect(leftOut).toMatchObject({ hidden: 1, otherFormats: 1, otherFiles: 1, folders: 1, ownPictures: 0 });
    expect(leftOut.unreadable.map(({ path }) => path)).toEqual(["photos/half.jpg", "photos/page.jpg"]);
    expect(stderr).toContain(
      "vaekit: photos: left out 1 hidden file, 1 folder inside, 1 picture of a format that cannot be read here, 1 file that is no picture.\n",
    );
    expect(stderr).toMatch(/^vaekit: warning: left out photos\/half\.jpg: expected a whole picture/m);
    expect(stderr).toMatch(/^vaekit: warning: left out photos\/page\.jpg: .* found an HTML page/m);
    expect(stderr).toMatch(/^vaekit: warning: 2 unreadable pictures were left out; --strict stops/m);
    expect(stderr.trimEnd().split("\n")).toHaveLength(4);
  });

  test("stops at the first unreadable picture with --strict, before anything is written", async () => {
    const before = await listFiles(folder.path);
    const { code, stdout, stderr } = await run(command, "photos", "--strict", ...model, ...rest);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^vaekit: photos\/half\.jpg: expected a whole picture/m);
    expect(await listFiles(folder.path)).toEqual(before);
  });

  test("fails for a picture that is named and cannot be read", async () => {
    const { code, stdout, stderr } = await run(command, "photos/a.png", "photos/half.jpg", ...model, ...rest);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^vaekit: photos\/half\.jpg: expected a whole picture[^\n]*\n$/);
  });

  test("fails where no picture is readable", async () => {
    await mkdir(inFolder("broken"), { recursive: true });
    await writeFile(inFolder("broken", "a.png"), "no picture");
    const { code, stdout, stderr } = await run(command, "broken", ...model, ...rest);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /expected at least one readable picture among 1, found none; the first is broken\/a\.png/,
    );
  });
});

test("names ten unreadable pictures one by one, and counts them all", async () => {
  await mkdir(inFolder("many"));
  await cp(inFolder("photos", "a.png"), inFolder("many", "sound.png"));
  const args = ["encode", "many", ...model, "--out", "many.safetensors"];
  const warnings = async (): Promise<string[]> => (await run(...args)).stderr.trimEnd().split("\n");
  const named = (name: string): string => `vaekit: warning: left out many/${name}.png: `;
  await writeFile(inFolder("many", "00.png"), "no picture");
  const [first, ...others] = await warnings();
  expect(first).toContain(named("00"));
  expect(others).toEqual([
    "vaekit: warning: 1 unreadable picture was left out; --strict stops at the first.",
  ]);
  const names = Array.from({ length: 12 }, (_, i) => String(i).padStart(2, "0"));
  for (const name of names) await writeFile(inFolder("many", `${name}.png`), "no picture");
  const lines = await warnings();
  expect(lines).toHaveLength(11);
  for (const [i, name] of names.slice(0, 10).entries()) expect(lines[i]).toContain(named(name));
  expect(lines[10]).toBe(
    "vaekit: warning: 12 unreadable pictures were left out; --strict stops at the first.",
  );
});

test("the latents of a folder say which pictures they are of", async () => {
  await run("encode", "photos", ...model, "--out", "named.safetensors");
  const { tensors, metadata } = await readSafetensorsFile(inFolder("named.safetensors"));
  expect(tensors.get("latents")!.shape[0]).toBe(2);
  expect(metadata.images).toBe('["a.png","really-png.jpg"]');
});

test("a picture that is too large is refused with the option that raises the limit", async () => {
  const { code, stderr } = await run("calibrate", "photos/a.png", ...model, "--max-pixels", "1000");
  expect(code).toBe(1);
  expect(stderr).toMatch(/expected at most 1000 pixels, found 32x32 = 1024.*raise --max-pixels/);
});

describe("what vaekit has made", () => {
  test("is no input of the next run: reconstructions, sheets, sheets under another name, and folders of runs", async () => {
    await mkdir(inFolder("again", "run", "samples"), { recursive: true });
    await cp(inFolder("photos", "a.png"), inFolder("again", "a.png"));
    for (const name of ["recipe.json", "log.jsonl"]) await writeFile(inFolder("again", "run", name), "{}");
    await cp(inFolder("photos", "a.png"), inFolder("again", "step-000500-prior.png"));
    expect(
      (await run("sample", "--count", "1", "--model", "model", "--size", "16", "--out", "again/grid.webp"))
        .code,
    ).toBe(0);
    const cwd = inFolder("again");
    const args = ["roundtrip", ".", "--model", "../model", "--device", "cpu", "--size", "16", "--json"];
    for (const ownPictures of [2, 3]) {
      const { code, stdout } = await runCli(args, { cwd });
      expect(code).toBe(0);
      const { pictures, leftOut } = JSON.parse(stdout) as { pictures: { name: string }[]; leftOut: LeftOut };
      expect(pictures.map(({ name }) => name)).toEqual(["a.png"]);
      expect(leftOut).toMatchObject({ ownPictures, folders: 1 });
    }
    await cp(inFolder("again", "a.reconstruction.png"), inFolder("again", "renamed.png"));
    const { stdout } = await runCli(args, { cwd });
    expect((JSON.parse(stdout) as { pictures: unknown[] }).pictures).toHaveLength(1);
    // Whoever names it means it.
    const named = await runCli(["roundtrip", "renamed.png", ...args.slice(2)], { cwd });
    expect(named.code).toBe(0);
    await mkdir(inFolder("only"));
    await cp(inFolder("again", "renamed.png"), inFolder("only", "a.png"));
    const { code, stderr } = await run("calibrate", "only", ...model);
    expect(code).toBe(1);
    expect(stderr).toMatch(/expected pictures .* found only 1 other files \(1 picture that vaekit made\)/);
  });
});

describe.skipIf(process.platform === "win32")("what would never end", () => {
  test.each(["calibrate", "roundtrip", "encode"])(
    "is refused by %s by kind, or left out of a folder",
    async (command) => {
      const rest = command === "encode" ? ["--out", "x.safetensors"] : [];
      await mkdir(inFolder("odd"), { recursive: true });
      await savePicture(inFolder("odd", "a.png"), 16, 16);
      execFileSync("mkfifo", [inFolder("odd", `${command}.png`)]);
      await symlink("nowhere", inFolder("odd", `${command}-link.png`));
      for (const path of [`odd/${command}.png`, "/dev/zero"]) {
        const { code, stderr } = await run(command, path, ...model, ...rest);
        expect(code).toBe(1);
        expect(stderr).toBe(
          `vaekit: ${path}: expected a picture or a folder of pictures, found a device or a pipe.\n`,
        );
      }
      const { code, stderr } = await run(command, "odd", ...model, ...rest);
      expect(code).toBe(0);
      expect(stderr).toContain(`left out odd/${command}.png: expected a picture, found a device or a pipe.`);
      expect(stderr).toContain(
        `left out odd/${command}-link.png: expected a picture, found a link that leads nowhere.`,
      );
    },
  );

  test.runIf(process.platform === "linux")(
    "and a name that is not UTF-8 is left out, by what it looks like",
    async () => {
      await mkdir(inFolder("latin"));
      await savePicture(inFolder("latin", "a.png"), 16, 16);
      await writeFile(
        Buffer.concat([Buffer.from(inFolder("latin", "caf")), Buffer.from([0xe9]), Buffer.from(".png")]),
        "x",
      );
      const { code, stderr } = await run("calibrate", "latin", ...model);
      expect(code).toBe(0);
      expect(stderr).toContain("found a file whose name is not UTF-8");
    },
  );
});
