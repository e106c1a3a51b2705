/** `vaekit encode`: what each option makes of the latents, beside what the library makes of the same. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  Generator,
  readImage,
  readSafetensorsFile,
  VaeImageProcessor,
  type AutoencoderKL,
} from "../../src/node/index.ts";
import { model, small, workFolder } from "./run-cli.ts";

const { at, files, run, succeed, json, openModel } = workFolder();

let vae: AutoencoderKL;
beforeAll(async () => {
  vae = await openModel();
});
afterAll(() => vae.dispose());

/** The posterior of a picture cut to 16x16. */
async function posteriorOf(name: string) {
  const size = { width: 16, height: 16, resizeMode: "crop" } as const;
  const pixels = new VaeImageProcessor().preprocess(await readImage(at(`../${name}`)), size);
  return (await vae.encode(pixels)).latentDist;
}

describe("encode", () => {
  const encode = ["encode", "../a.png", "../b.png", ...model, ...small, "--out", "z.safetensors"];

  test("writes the modes, one generator's samples of all pictures, or those of another seed", async () => {
    const posteriors = [await posteriorOf("a.png"), await posteriorOf("b.png")];
    const expected = (generator: Generator | undefined): number[] =>
      posteriors.flatMap((posterior) => {
        const z = generator === undefined ? posterior.mode() : posterior.sample({ generator });
        return [...vae.normalizeLatents(z).toFloat32().data];
      });
    const cases = [
      [[], undefined, "normalized mode"],
      [["--sample"], Generator.torch(0), "normalized sample, torch seed 0"],
      [["--sample", "--seed", "5"], Generator.torch(5), "normalized sample, torch seed 5"],
    ] as const;
    for (const [options, generator, note] of cases) {
      await succeed(...encode, ...options);
      const { tensors, metadata } = await readSafetensorsFile(at("z.safetensors"));
      expect([...tensors.get("latents")!.toFloat32().data]).toEqual(expected(generator));
      expect([...tensors.get("logvar")!.toFloat32().data]).toEqual(
        posteriors.flatMap(({ logvar }) => [...logvar.toFloat32().data]),
      );
      expect(metadata).toMatchObject({ latents: note, tiling: "auto", width: "16", height: "16" });
    }
  });

  test("prints what it wrote, in words or for programs", async () => {
    expect(await succeed(...encode)).toBe(
      "z.safetensors: 2 pictures, mean, logvar and latents [2, 4, 2, 2], 384 B\n",
    );
    const one = ["encode", "../a.png", ...model, ...small, "--out", "one.safetensors"];
    expect(await succeed(...one)).toBe(
      "one.safetensors: 1 picture, mean, logvar and latents [1, 4, 2, 2], 192 B\n",
    );
    expect(await json(...encode)).toMatchObject({
      file: "z.safetensors",
      pictures: 2,
      shape: [2, 4, 2, 2],
      byteLength: 384,
      plan: { half: "encoder", size: { batch: 1, height: 16, width: 16 } },
      leftOut: { unreadable: [] },
    });
  });

  test("notes and obeys the tiling", async () => {
    const plan = async (...tiling: string[]): Promise<unknown> => (await json(...encode, ...tiling)).plan;
    expect(await plan("--tiling", "exact")).toMatchObject({ tiling: "exact" });
    expect((await readSafetensorsFile(at("z.safetensors"))).metadata.tiling).toBe("exact");
    expect(await plan("--tiling", "off")).toMatchObject({ tiling: "off" });
    expect(await plan("--tiling", "diffusers")).toBeUndefined();
    const { code, stderr } = await run(...encode, "--memory", "1MB");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^vaekit: --memory: expected at least \d+ MB for encoding 16x16/),
    ]);
  });

  test("refuses pictures that become two sizes, before anything is computed", async () => {
    const { code, stderr } = await run(
      "encode",
      "../a.png",
      "../b.png",
      ...model,
      "--size",
      "24",
      "--out",
      "z",
    );
    expect(stderr).toMatch(/a\.png becomes (\d+x\d+) and \.\.\/b\.png (?!\1)\d+x\d+\. Pass --size WxH/);
    expect(code).toBe(2);
    expect(await files()).toEqual([]);
  });
});
