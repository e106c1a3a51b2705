/** Weights that hold NaN or infinity are one clear error of every command, with the picture's name; nothing is written. */
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSafetensorsFile, writeSafetensorsFile } from "../../src/node/index.ts";
import { latentsFile } from "./broken-files.ts";
import { listFiles, runCli, savePicture, saveTinyModel, temporaryFolder } from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

/** Sets the first value, or all, of a tensor of a model. */
async function damage(model: string, tensor: string, value: number, how = "first"): Promise<void> {
  await cp(join(folder.path, "whole"), join(folder.path, model), { recursive: true });
  const file = join(folder.path, model, "diffusion_pytorch_model.safetensors");
  const { tensors } = await readSafetensorsFile(file);
  const data = tensors.get(tensor)!.data as Float32Array;
  data.fill(value, 0, how === "fill" ? data.length : 1);
  await writeSafetensorsFile(file, tensors);
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(join(folder.path, "whole"));
  await damage("encoder", "encoder.conv_in.weight", NaN);
  await damage("decoder", "decoder.conv_out.bias", Infinity);
  for (const name of ["one.png", "two.png"]) await savePicture(join(folder.path, name), 32, 32);
  await writeFile(join(folder.path, "two.safetensors"), latentsFile([2, 4, 2, 2]));
});

afterAll(() => folder.remove());

const small = ["--size", "16"];

const encoderFault =
  /: encoder: expected finite numbers from the encoder, found NaN\. .* encoder\.conv_in\..* encoder\.conv_in\.weight holds/;
const decoderFault =
  /decoder: expected finite numbers from the decoder, found Infinity.* decoder\.conv_out\..* decoder\.conv_out\.bias holds/;

test("decoded values far outside of a picture's are a warning", async () => {
  await damage("loud", "decoder.conv_norm_out.weight", 1e5, "fill");
  const latents = latentsFile([1, 4, 2, 2]);
  await writeFile(join(folder.path, "one.safetensors"), latents);
  for (const args of [
    ["decode", "one.safetensors", "--raw", "--out", "loud.png"],
    ["roundtrip", "one.png", ...small, "--out", "loud"],
    ["sample", "--count", "1", ...small, "--out", "sample.png"],
  ]) {
    const { code, stderr } = await runCli([...args, "--model", "loud", "--device", "cpu"], {
      cwd: folder.path,
    });
    expect(stderr).toMatch(
      /^vaekit: warning: .*: loud: expected pixels of about -1 to 1, found \d+ % of them beyond ±2, up to /,
    );
    expect(code).toBe(0);
    const whole = await runCli([...args, "--model", "whole", "--device", "cpu"], { cwd: folder.path });
    expect(whole.stderr).toBe("");
  }
}, 120_000);

describe.concurrent("a model that is damaged", { timeout: 120_000 }, () => {
  test.each([
    [
      "encode",
      ["encode", "one.png", "two.png", ...small, "--out", "out.safetensors"],
      "encoder",
      /one\.png: /,
    ],
    [
      "calibrate",
      ["calibrate", "one.png", "two.png", ...small, "--chart", "chart.svg"],
      "encoder",
      /one\.png: /,
    ],
    ["roundtrip", ["roundtrip", "one.png", ...small, "--out", "out"], "encoder", /one\.png: /],
    [
      "sample",
      ["sample", "--between", "one.png", "two.png", ...small, "--out", "a.png"],
      "encoder",
      /one\.png: /,
    ],
    [
      "decode",
      ["decode", "two.safetensors", "--raw", "--out", "a.png"],
      "decoder",
      /two\.safetensors: .* picture 0 of/,
    ],
    [
      "roundtrip",
      ["roundtrip", "one.png", ...small, "--html", "a.html", "--out", "out"],
      "decoder",
      /one\.png: /,
    ],
    ["sample", ["sample", "--count", "2", ...small, "--out", "a.png"], "decoder", /picture 0 of/],
    [
      "export",
      ["export", "--height", "16", "--width", "16", "--half", "decoder", "--out", "onnx"],
      "decoder",
      /./,
    ],
  ])("stops %s: %j", async (command, args, half, where) => {
    const before = await listFiles(folder.path);
    const { code, stdout, stderr } = await runCli([...args, "--model", half, "--device", "cpu"], {
      cwd: folder.path,
    });
    expect(stderr).toMatch(where);
    if (command === "export")
      expect(stderr).toMatch(/the decoder: expected finite weights.*conv_out\.bias holds/);
    else expect(stderr).toMatch(half === "encoder" ? encoderFault : decoderFault);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(code).toBe(1);
    expect(await listFiles(folder.path)).toEqual(before);
  });
});
