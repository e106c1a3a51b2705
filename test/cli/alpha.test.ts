/** The command line on a model of pictures with alpha: files with alpha go in and come out. */
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fixturePath } from "../conformance/fixtures.ts";
import { runCli, savePicture, temporaryFolder } from "./run-cli.ts";

const model = fixturePath("video-models/qwen-image-2.1");
let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await copyFile(fixturePath("images/source-rgba.png"), join(folder, "a.png"));
  await savePicture(join(folder, "opaque.png"), 32, 24);
});
afterAll(() => remove());

async function succeed(...args: string[]): Promise<void> {
  const { code, stderr } = await runCli([...args, "--model", model], { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}

const kindOf = async (name: string): Promise<object> => {
  const { channels, width, height } = await sharp(join(folder, name)).metadata();
  return { channels, width, height };
};

test.each([
  ["a.png", 24, 24],
  ["opaque.png", 32, 24],
])("%s is encoded, and decoded to a picture with alpha", async (name, width, height) => {
  await succeed("encode", name, "--size", "original", "--out", `${name}.safetensors`);
  await succeed("decode", `${name}.safetensors`, "--out", `again-${name}`);
  expect(await kindOf(`again-${name}`)).toEqual({ channels: 4, width, height });
});

test("a round trip writes its reconstruction with alpha", async () => {
  await succeed("roundtrip", "a.png", "--size", "original", "--out", "out");
  expect(await kindOf("out/a.reconstruction.png")).toEqual({ channels: 4, width: 24, height: 24 });
});
