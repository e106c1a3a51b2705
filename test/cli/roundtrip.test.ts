/** `vaekit roundtrip`: what it measures, prints and writes, and what it leaves when a picture fails. */
import { readFile, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { packageVersion } from "../../src/cli/package.ts";
import { readSafetensorsFile, writeSafetensorsFile } from "../../src/node/index.ts";
import { model, saveTinyModel, small, workFolder } from "./run-cli.ts";

const { at, files, run, succeed, json, openModel } = workFolder();

describe("roundtrip", () => {
  test("writes a page of all its pictures, and tells programs where everything is", async () => {
    await using vae = await openModel();
    const result = await json(
      "roundtrip",
      "../a.png",
      "../b.png",
      ...model,
      ...small,
      "--out",
      "out",
      "--html",
      "p.html",
    );
    const measured = result.pictures as Record<string, number | string>[];
    expect(measured.map(({ name, reconstruction }) => [name, reconstruction])).toEqual([
      ["a.png", "out/a.reconstruction.png"],
      ["b.png", "out/b.reconstruction.png"],
    ]);
    const mean = result.mean as Record<string, number>;
    for (const key of ["psnr", "ssim", "encodeMs", "decodeMs"])
      expect(mean[key]).toBeCloseTo((Number(measured[0]![key]) + Number(measured[1]![key])) / 2, 10);
    expect(mean.peakMemoryBytes).toBe(
      Math.max(...measured.map(({ peakMemoryBytes }) => Number(peakMemoryBytes))),
    );
    expect(result).toMatchObject({ model: "../model", device: "cpu", parameterCount: vae.parameterCount });
    const page = await readFile(at("p.html"), "utf8");
    for (const text of ["a.png", "b.png", "../model"]) expect(page).toContain(text);
    const facts = [...page.split("<section>")[0]!.matchAll(/<dt>([^<]*)<\/dt><dd>([^<]*)</g)];
    expect(facts.map(([, name, value]) => [name, value])).toEqual([
      ["Parameters", vae.parameterCount.toLocaleString("en-US")],
      ["Latent channels", "4"],
      ["Pixels per latent", "8 × 8"],
      ["Scaling", "scaling_factor 0.18215"],
      ["Device", "cpu"],
      ["vaekit", packageVersion()],
    ]);
    expect(await files()).toEqual(["out", "out/a.reconstruction.png", "out/b.reconstruction.png", "p.html"]);
  });

  test("prints one line for one picture, and no mean", async () => {
    const text = await succeed("roundtrip", "../a.png", ...model, ...small);
    expect(text).toMatch(
      /^\.\.\/model: [\d,]+ parameters, f8, 4 latent channels, on cpu\n\npicture +size +PSNR dB/,
    );
    expect(text).not.toMatch(/^mean/m);
    expect(await files()).toEqual(["a.reconstruction.png"]);
  });

  test("draws samples by the seed, 0 where none is given", async () => {
    const latents = async (...options: string[]): Promise<unknown> => {
      const { pictures } = await json("roundtrip", "../a.png", ...model, ...small, ...options);
      return (pictures as { latents: unknown }[])[0]!.latents;
    };
    const [mode, sample, zero] = [
      await latents(),
      await latents("--sample"),
      await latents("--sample", "--seed", "0"),
    ];
    expect(sample).toEqual(zero);
    expect(sample).not.toEqual(mode);
  });

  test("keeps what is done when a later picture fails, and writes nothing of that one", async () => {
    await saveTinyModel(at("loud"));
    const path = at("loud/diffusion_pytorch_model.safetensors");
    const { tensors } = await readSafetensorsFile(path);
    // What white becomes is more than float32 holds, what a middle grey becomes is not.
    (tensors.get("encoder.conv_in.weight")!.data as Float32Array).fill(4e36);
    await writeSafetensorsFile(path, tensors);
    for (const [name, level] of [
      ["a", 128],
      ["b", 255],
      ["c", 128],
    ] as const) {
      const background = { r: level, g: level, b: level };
      await sharp({ create: { width: 16, height: 16, channels: 3, background } })
        .png()
        .toFile(at(`${name}.png`));
    }
    const before = await files();
    const { code, stdout, stderr } = await run(
      "roundtrip",
      "a.png",
      "b.png",
      "c.png",
      "--model",
      "loud",
      "--device",
      "cpu",
      ...small,
      "--html",
      "p.html",
    );
    expect(stderr).toMatch(/^vaekit: b\.png: .*expected finite numbers from the encoder/);
    expect([code, stdout]).toEqual([1, ""]);
    expect(await files()).toEqual([...before, "a.reconstruction.png"].sort());
  });

  test("reads all that is named before it computes anything", async () => {
    await writeFile(at("broken.png"), "no picture");
    const { code } = await run("roundtrip", "../a.png", "broken.png", ...model, ...small);
    expect(code).toBe(1);
    expect(await files()).toEqual(["broken.png"]);
  });
});
