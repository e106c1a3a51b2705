/** The commands on a tiny model, from files to files. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AutoencoderKL,
  Generator,
  psnr,
  readImage,
  readSafetensorsFile,
  VaeImageProcessor,
  writeSafetensorsFile,
} from "../../src/node/index.ts";
import { listFiles, runCli, savePicture, saveTinyModel, temporaryFolder } from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const model = ["--model", "model", "--device", "cpu"];

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(join(folder.path, "model"));
  await savePicture(join(folder.path, "a.png"), 40, 32);
  await savePicture(join(folder.path, "b.png"), 32, 48);
});

afterAll(async () => {
  await folder.remove();
});

async function succeed(args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, { cwd: folder.path });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout;
}

const inFolder = (name: string): string => join(folder.path, name);

describe("roundtrip", () => {
  test("writes the reconstruction that the library computes, and its PSNR", async () => {
    const stdout = await succeed(["roundtrip", "a.png", ...model, "--size", "original", "--json"]);
    const { pictures } = JSON.parse(stdout) as { pictures: { psnr: number; ssim: number }[] };
    await using vae = await AutoencoderKL.fromPretrained(inFolder("model"), { device: "cpu" });
    const processor = new VaeImageProcessor();
    const original = await readImage(inFolder("a.png"));
    const { sample } = await vae.forward(processor.preprocess(original));
    const [expected] = processor.postprocess(sample);
    const written = await readImage(inFolder("a.reconstruction.png"));
    expect(written).toEqual(expected);
    expect(pictures[0]!.psnr).toBe(psnr(original, written));
  });

  test("prints a line per picture and their mean", async () => {
    const stdout = await succeed(["roundtrip", "a.png", "b.png", ...model, "--size", "32", "--out", "out"]);
    expect(stdout).toMatch(/^a\.png +40x32 /m);
    expect(stdout).toMatch(/^b\.png +32x48 /m);
    expect(stdout).toMatch(/^mean /m);
    expect(await listFiles(inFolder("out"))).toEqual(["a.reconstruction.png", "b.reconstruction.png"]);
  });

  test("writes a page that needs no other file", async () => {
    await succeed(["roundtrip", "a.png", ...model, "--size", "32x32", "--html", "report.html"]);
    const page = await readFile(inFolder("report.html"), "utf8");
    expect(page).toContain("data:image/png;base64,");
    expect(page).not.toMatch(/(?:src|href)="(?!data:|#)/);
  });

  test("draws the same sample from the same seed", async () => {
    const run = async (seed: string): Promise<unknown> => {
      const args = ["roundtrip", "a.png", ...model, "--size", "32", "--sample", "--seed", seed, "--json"];
      return (JSON.parse(await succeed(args)) as { pictures: { latents: unknown }[] }).pictures[0]!.latents;
    };
    const first = await run("1");
    expect(await run("1")).toEqual(first);
    expect(await run("2")).not.toEqual(first);
  });
});

describe("encode and decode", () => {
  test("give the picture of a round trip", async () => {
    await succeed(["roundtrip", "a.png", ...model, "--size", "32"]);
    await succeed(["encode", "a.png", ...model, "--size", "32", "--out", "a.safetensors"]);
    await succeed(["decode", "a.safetensors", ...model, "--out", "decoded.png"]);
    expect(await readImage(inFolder("decoded.png"))).toEqual(
      await readImage(inFolder("a.reconstruction.png")),
    );
  });

  test("keep mean, logvar and normalized latents, and where they came from", async () => {
    const args = ["a.png", "b.png", ...model, "--size", "32x16", "--sample", "--seed", "7"];
    await succeed(["encode", ...args, "--out", "ab.safetensors"]);
    const { tensors, metadata } = await readSafetensorsFile(inFolder("ab.safetensors"));
    expect([...tensors.keys()].sort()).toEqual(["latents", "logvar", "mean"]);
    expect(tensors.get("latents")!.shape).toEqual([2, 4, 2, 4]);
    expect(metadata).toMatchObject({
      model: "model",
      images: '["a.png","b.png"]',
      width: "32",
      height: "16",
      scaling_factor: "0.18215",
      latents: "normalized sample, torch seed 7",
    });
  });

  test("decode several latents to numbered pictures, raw where told", async () => {
    const latents = Generator.torch(0).randn([2, 4, 2, 2]);
    await writeSafetensorsFile(inFolder("raw.safetensors"), [["z", latents]]);
    await succeed(["decode", "raw.safetensors", "--raw", ...model, "--out", "raw.png"]);
    await using vae = await AutoencoderKL.fromPretrained(inFolder("model"), { device: "cpu" });
    const expected = new VaeImageProcessor().postprocess(
      (await vae.decode(latents, { slicing: true })).sample,
    );
    expect(await readImage(inFolder("raw.0.png"))).toEqual(expected[0]);
    expect(await readImage(inFolder("raw.1.png"))).toEqual(expected[1]);
  });
});

describe("inspect, calibrate and export", () => {
  test("inspect counts the parameters", async () => {
    const json = JSON.parse(await succeed(["inspect", "model", "--json"])) as {
      parameterCount: number;
      parameters: { count: number }[];
      config: { scaling_factor: number };
    };
    const sum = json.parameters.reduce((total, { count }) => total + count, 0);
    expect(json.parameterCount).toBe(sum);
    expect(json.config.scaling_factor).toBe(0.18215);
  });

  test("calibrate measures factors that bring the latents to mean 0 and variance 1", async () => {
    const stdout = await succeed([
      ...[
        "calibrate",
        "a.png",
        "b.png",
        ...model,
        "--size",
        "32",
        "--crop",
        "--json",
        "--chart",
        "chart.svg",
      ],
    ]);
    const { estimates } = JSON.parse(stdout) as {
      estimates: Record<"scalingFactor" | "shiftFactor", { value: number; interval: number[] }>;
    };
    await succeed(["encode", "a.png", "b.png", ...model, "--size", "32x32", "--out", "c.safetensors"]);
    const mean = (await readSafetensorsFile(inFolder("c.safetensors"))).tensors.get("mean")!.toFloat32().data;
    const normalized = mean.map((z) => (z - estimates.shiftFactor.value) * estimates.scalingFactor.value);
    const average = normalized.reduce((sum, z) => sum + z, 0) / normalized.length;
    expect(average).toBeCloseTo(0, 4);
    expect(normalized.reduce((sum, z) => sum + (z - average) ** 2, 0) / normalized.length).toBeCloseTo(1, 4);
    expect(estimates.scalingFactor.interval).toHaveLength(2);
    expect(await readFile(inFolder("chart.svg"), "utf8")).toMatch(/^<svg/);
  });

  test("export writes both halves", async () => {
    await succeed(["export", ...model, "--out", "onnx", "--height", "16", "--width", "24"]);
    expect(await listFiles(inFolder("onnx"))).toEqual(["vae_decoder.onnx", "vae_encoder.onnx"]);
    expect((await stat(inFolder("onnx/vae_decoder.onnx"))).size).toBeGreaterThan(10_000);
  });
});

test.each(["demo", "roundtrip", "encode", "decode", "inspect", "calibrate", "export", "sample", "tune"])(
  "%s --help shows an example",
  async (command) => {
    expect(await succeed([command, "--help"])).toMatch(new RegExp(`Examples?:\\n +\\$ vaekit ${command}`));
  },
);
