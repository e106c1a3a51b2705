/** `vaekit export`: which halves, for which size. */
import { rm, stat } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { listFiles, model, workFolder } from "./run-cli.ts";

const { at, files, run, succeed, json } = workFolder();

describe("export", () => {
  const exportTo = (...args: string[]) => ["export", ...model, "--out", "onnx", ...args];

  test("writes both halves of 512x512 pixels, or what is asked for", async () => {
    expect(await succeed(...exportTo())).toMatch(
      /^onnx\/vae_encoder\.onnx: input \[1, 3, 512, 512\], [\d.]+ kB\nonnx\/vae_decoder\.onnx: input \[1, 4, 64, 64\], [\d.]+ kB\n$/,
    );
    await rm(at("onnx"), { recursive: true });
    const { files: written } = await json(
      ...exportTo("--half", "encoder", "--batch", "3", "--height", "16", "--width", "24"),
    );
    expect(written).toEqual([
      {
        file: "onnx/vae_encoder.onnx",
        byteLength: (await stat(at("onnx/vae_encoder.onnx"))).size,
        input: "[3, 3, 16, 24]",
      },
    ]);
    expect(await listFiles(at("onnx"))).toEqual(["vae_encoder.onnx"]);
    expect(
      await succeed(...exportTo("--half", "decoder", "--batch", "2", "--height", "16", "--width", "24")),
    ).toContain("[2, 4, 2, 3]");
  });

  test.each([
    ["--height", "20"],
    ["--width", "20"],
  ])("refuses %s %s, which is no multiple of 8, and makes no folder", async (...side) => {
    const { code, stderr } = await run(...exportTo(...side));
    expect([code, stderr]).toEqual([
      2,
      `vaekit: ${side[0]}: expected a multiple of 8, the pixels per latent, found 20.\n`,
    ]);
    expect(await files()).toEqual([]);
  });
});
