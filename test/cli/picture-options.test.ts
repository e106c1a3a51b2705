/** What the commands that read pictures make of them: how many pixels they may have, and which colours. */
import { mkdir } from "node:fs/promises";
import sharp from "sharp";
import { expect, test } from "vitest";
import { readSafetensorsFile } from "../../src/node/index.ts";
import { model, savePicture, saveTinyModel, small, tinyConfig, workFolder } from "./run-cli.ts";

const { at, run, succeed } = workFolder();

test("a picture of more pixels than --max-pixels allows is left out, or refused where it is named", async () => {
  await mkdir(at("photos"));
  await savePicture(at("photos/small.png"), 16, 16);
  await savePicture(at("photos/large.png"), 17, 16);
  for (const command of [
    ["encode", "--out", "z"],
    ["roundtrip", "--json"],
    ["calibrate", "--json"],
  ] as const) {
    const [name, ...rest] = command;
    const args = [...model, ...small, "--max-pixels", "256", ...rest];
    const folderOf = await run(name, "photos", ...args);
    expect(folderOf.code, name).toBe(0);
    expect(folderOf.stderr, name).toMatch(/left out photos\/large\.png: expected at most 256 pixels/);
    const named = await run(name, "photos/large.png", ...args);
    expect([named.code, named.stdout], name).toEqual([1, ""]);
    expect((await run(name, "photos", ...args, "--strict")).code, name).toBe(1);
  }
});

test("grey models take and give grey pictures", async () => {
  await saveTinyModel(at("grey"), { ...tinyConfig, inChannels: 1, outChannels: 1 });
  await succeed("encode", "../a.png", "--model", "grey", "--device", "cpu", ...small, "--out", "z");
  expect((await readSafetensorsFile(at("z"))).tensors.get("mean")!.shape).toEqual([1, 4, 2, 2]);
  await succeed("decode", "z", "--model", "grey", "--device", "cpu", "--out", "o.png");
  const { channels } = await sharp(at("o.png")).metadata();
  expect(channels).toBe(1);
});
