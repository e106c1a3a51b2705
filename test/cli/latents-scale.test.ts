/** Files of latents that other programs write: each in the scale that its program means. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  AutoencoderKL,
  Generator,
  readImage,
  Tensor,
  VaeImageProcessor,
  writeSafetensorsFile,
  type Raster,
} from "../../src/node/index.ts";
import { latentsFile, safetensors } from "./broken-files.ts";
import { runCli, saveTinyModel, temporaryFolder, tinyConfig, type Outcome } from "./run-cli.ts";
import { writeFile } from "node:fs/promises";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let vae: AutoencoderKL;
const at = (name: string): string => join(folder.path, name);
const latents = Generator.torch(0).randn([1, 4, 2, 2]);
const marker: [string, Tensor] = ["latent_format_version_0", Tensor.zeros([0])];

beforeAll(async () => {
  folder = await temporaryFolder();
  // Neither 1 nor ComfyUI's own factor, so that every mistake of scale is seen.
  await saveTinyModel(at("model"), { ...tinyConfig, scalingFactor: 0.5, shiftFactor: 0.25 });
  vae = await AutoencoderKL.fromPretrained(at("model"), { device: "cpu" });
});
afterAll(async () => {
  await vae.dispose();
  await folder.remove();
});

function decode(file: string, ...more: string[]): Promise<Outcome> {
  const args = ["decode", file, "--model", "model", "--device", "cpu", "--out", "o.png", "--json", ...more];
  return runCli(args, { cwd: folder.path });
}

/** What the library makes of raw latents. */
async function pictureOf(change: (value: number) => number): Promise<Raster> {
  const { sample } = await vae.decode(Tensor.from(latents.data.map(change), latents.shape), {
    slicing: true,
  });
  return new VaeImageProcessor().postprocess(sample)[0]!;
}

const assumed =
  /does not say the scale of latents?(?:_tensor)?; assumed (?:normalized latents|those of ComfyUI before).*Pass --raw/;

const files = {
  "ComfyUI's, with its marker": [
    [["latent_tensor", latents], marker],
    (value: number) => value,
    { scale: "raw", decidedBy: "file" },
  ],
  "ComfyUI's with another tensor beside": [
    [["latents", Tensor.zeros(latents.shape)], ["latent_tensor", latents], marker],
    (value: number) => value,
    { scale: "raw", decidedBy: "file" },
  ],
  "ComfyUI's of old, without the marker": [
    [["latent_tensor", latents]],
    (value: number) => value / 0.18215,
    { scale: "normalized", decidedBy: "assumed", fixedFactor: 0.18215 },
  ],
  "ComfyUI's marker beside another name": [
    [["samples", latents], marker],
    (value: number) => value,
    { scale: "raw", decidedBy: "file" },
  ],
  "musubi-tuner's for FLUX.1 Kontext, beside a control picture's": [
    [
      ["latents_1x2x2_f32", latents.reshape([4, 2, 2])],
      ["latents_control_1x2x2_f32", Tensor.zeros([4, 2, 2])],
    ],
    (value: number) => value / 0.5 + 0.25,
    { scale: "normalized", decidedBy: "file" },
    { architecture: "flux_kontext", format_version: "1.0.1" },
  ],
  "musubi-tuner's for Z-Image": [
    [["latents_1x2x2_f32", latents.reshape([4, 2, 2])]],
    (value: number) => value,
    { scale: "raw", decidedBy: "file" },
    { architecture: "z_image", format_version: "1.0.1" },
  ],
  "a pipeline's": [
    [["latents", latents]],
    (value: number) => value / 0.5 + 0.25,
    { scale: "normalized", decidedBy: "assumed" },
  ],
} as const;

test.each(Object.entries(files))("decodes %s file", async (_, [tensors, toRaw, expected, metadata]) => {
  await writeSafetensorsFile(at("z.latent"), tensors, metadata);
  const { code, stdout, stderr } = await decode("z.latent");
  expect(code).toBe(0);
  expect((JSON.parse(stdout) as { latents: unknown }).latents).toEqual(expected);
  if (expected.decidedBy === "assumed") expect(stderr).toMatch(assumed);
  else expect(stderr).toBe("");
  expect(await readImage(at("o.png"))).toEqual(await pictureOf(toRaw));
});

test("says nothing where --raw or the file itself tells the scale, and warns of another model's", async () => {
  await writeSafetensorsFile(at("z"), [["latents", latents]]);
  const raw = await decode("z", "--raw");
  expect([raw.code, raw.stderr]).toEqual([0, ""]);
  await writeSafetensorsFile(at("z"), [["latents", latents]], { scaling_factor: "0.13025" });
  expect((await decode("z")).stderr).toMatch(
    /^vaekit: warning: z: made with scaling_factor 0\.13025, but.* is 0\.5/,
  );
  const own = { vaekit_version: "0.1.0", scaling_factor: "0.5", shift_factor: "0.25" };
  await writeSafetensorsFile(at("z"), [["latents", latents]], own);
  expect((await decode("z")).stderr).toBe("");
});

test("refuses latents of a video, and a file with the marker alone", async () => {
  await writeFile(at("video"), latentsFile([1, 4, 3, 2, 2]));
  const video = await decode("video");
  expect([video.code, video.stderr]).toEqual([
    1,
    expect.stringMatching(/latents of a video; vaekit decodes pictures/),
  ]);
  const entry = { dtype: "F32", shape: [0], data_offsets: [0, 0] as [number, number] };
  await writeFile(at("marker"), safetensors({ latent_format_version_0: entry }, 0));
  const alone = await decode("marker");
  expect([alone.code, alone.stderr]).toEqual([1, expect.stringMatching(/expected one tensor/)]);
});
