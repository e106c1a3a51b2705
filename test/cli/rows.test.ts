/** The commands on a model of rows, which have no sides: what is printed of them, and which sizes they have. */
import { beforeEach, describe, expect, test } from "vitest";
import {
  Generator,
  MlpVae,
  readImage,
  readSafetensorsFile,
  writeSafetensorsFile,
} from "../../src/node/index.ts";
import { saveTinyMlp } from "./tiny-mlp.ts";
import { workFolder } from "./run-cli.ts";

const { at, run, succeed, json } = workFolder();
const mlp = ["--model", "mlp", "--device", "cpu"];

beforeEach(() => saveTinyMlp(at("mlp")));

test("encode writes a row of latents for each picture, of the one size that the model has", async () => {
  expect(await succeed("encode", "../a.png", "../b.png", ...mlp, "--out", "z")).toBe(
    "z: 2 pictures, mean, logvar and latents [2, 3], 72 B\n",
  );
  const { tensors, metadata } = await readSafetensorsFile(at("z"));
  expect(metadata).toMatchObject({ width: "4", height: "4" });
  await using vae = await MlpVae.fromPretrained(at("mlp"), { device: "cpu" });
  const rows: number[] = [];
  for (const name of ["a.png", "b.png"]) {
    const { latentDist } = await vae.encode(vae.preprocess(await readImage(at(`../${name}`))));
    rows.push(...latentDist.mode().toFloat32().data);
  }
  // No scaling belongs to this class.
  expect([...tensors.get("latents")!.toFloat32().data]).toEqual(rows);
});

test("decode writes a picture for each row", async () => {
  await writeSafetensorsFile(at("z"), [["latents", Generator.torch(0).randn([2, 3])]]);
  const { code, stdout } = await run("decode", "z", "--raw", ...mlp, "--out", "o.png");
  expect([code, stdout]).toEqual([0, "o.0.png: 4x4\no.1.png: 4x4\n"]);
});

test("roundtrip says 4x4, and n/a for the SSIM of so small a picture", async () => {
  expect(await succeed("roundtrip", "../a.png", ...mlp)).toMatch(
    /^mlp: 366 parameters, f1, 3 latent channels, on cpu\n\n.*\na\.png +4x4 +[\d.]+ +n\/a /,
  );
});

test("calibrate has no fields to suggest", async () => {
  const pictures = ["calibrate", "../a.png", "../b.png", ...mlp];
  expect(await succeed(...pictures)).toMatch(
    /^mlp: 2 pictures, 2 latents per channel\n[^]*latents_std\[2\] [^]*\n\nThis model's config\.json has no keys /,
  );
  expect(await json(...pictures)).toMatchObject({ valuesPerChannel: 2, config: null });
});

describe("inspect", () => {
  test("counts latents and values", async () => {
    expect(await succeed("inspect", "mlp")).toContain(", float32; 3 latents for a row of 16 values.\n");
  });

  test("plans a row, as a whole", async () => {
    const text = await succeed("inspect", "mlp", "--plan");
    expect(text).toMatch(/^Plan of the decoder, a row\.\n/);
    expect(text).toContain("In strips: not possible for this model.\n");
    expect(await json("inspect", "mlp", "--plan")).toMatchObject({ width: 1, height: 1, exact: null });
  });
});

describe("export", () => {
  const exportTo = (...args: string[]) => ["export", ...mlp, "--out", "onnx", ...args];

  test("writes halves for a batch of rows", async () => {
    const { files } = await json(...exportTo("--batch", "2"));
    expect(files).toMatchObject([
      { file: "onnx/vae_encoder.onnx", input: "[2, 16]" },
      { file: "onnx/vae_decoder.onnx", input: "[2, 3]" },
    ]);
  });

  test("takes as many as their own values allow, whatever size pictures have by default", async () => {
    expect(await succeed(...exportTo("--batch", "500", "--half", "decoder"))).toContain("[500, 3]");
    expect(await run(...exportTo("--batch", "6250001"))).toMatchObject({
      code: 2,
      stderr:
        "vaekit: --batch 6250001: expected at most 100,000,000 pixels in all, found 100,000,016. Ask for less.\n",
    });
  });
});

test("sample refuses a size", async () => {
  expect(await succeed("sample", ...mlp, "--count", "5", "--out", "s.png")).toBe(
    "s.png: 5 pictures, 16x10\n",
  );
  expect(await run("sample", ...mlp, "--size", "4", "--out", "n.png")).toMatchObject({
    code: 2,
    stderr: "vaekit: --size: this model's pictures have one size only. Leave it out.\n",
  });
});
