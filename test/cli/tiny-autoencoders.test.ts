/** The commands with tiny autoencoders: halves alone, previews, and what is said of their latents. */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  AutoencoderTiny,
  Generator,
  readImage,
  readSafetensorsFile,
  Tensor,
  writeSafetensorsFile,
} from "../../src/node/index.ts";
import { fixturePath } from "../conformance/fixtures.ts";
import { runCli, savePicture, saveTinyModel, temporaryFolder } from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string): string => join(folder.path, name);
const run = (...words: string[]): ReturnType<typeof runCli> =>
  runCli([...words, "--device", "cpu"], { cwd: folder.path });

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(at("vae"));
  await cp(fixturePath("tiny-models/relu"), at("taesd"), { recursive: true });
  for (const half of ["encoder", "decoder"]) {
    await cp(fixturePath(`tiny-models/original/relu_${half}.safetensors`), at(`${half}.safetensors`));
  }
  const latents = Generator.torch(1).randn([1, 4, 3, 5]);
  await writeSafetensorsFile(at("z.safetensors"), [["latents", latents]], { scaling_factor: "0.18215" });
  await savePicture(at("photo.png"), 40, 24);
});
afterAll(() => folder.remove());

test("a decoder alone decodes what a diffusion model makes, without a word about the factor of another VAE", async () => {
  const { code, stdout, stderr } = await run(
    "decode",
    "z.safetensors",
    "--model",
    "decoder.safetensors",
    "--out",
    "a.png",
  );
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "a.png: 40x24\n", stderr: "" });
  const whole = await run("decode", "z.safetensors", "--model", "taesd", "--out", "b.png");
  expect(whole.code).toBe(0);
  expect((await readImage(at("a.png"))).data).toEqual((await readImage(at("b.png"))).data);
});

test("a half says which half it is where the other is needed", async () => {
  const { code, stderr } = await run(
    "encode",
    "photo.png",
    "--model",
    "decoder.safetensors",
    "--out",
    "e.safetensors",
  );
  expect(code).toBe(1);
  expect(stderr).toContain(
    "encode needs the encoder; this model is its decoder alone. Name a model with both halves: --model.",
  );
});

test("an encoder alone writes latents, which have no posterior and no factor", async () => {
  const { code } = await run(
    "encode",
    "photo.png",
    "--model",
    "encoder.safetensors",
    "--size",
    "original",
    "--out",
    "e.safetensors",
  );
  expect(code).toBe(0);
  const { tensors, metadata } = await readSafetensorsFile(at("e.safetensors"));
  expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([["latents", [1, 4, 3, 5]]]);
  expect(metadata).not.toHaveProperty("scaling_factor");
});

test("--preview writes the tiny model's picture beside the model's own, which is as without it", async () => {
  const alone = await run("decode", "z.safetensors", "--model", "vae", "--out", "alone.png");
  expect(alone.code).toBe(0);
  const words = [
    "decode",
    "z.safetensors",
    "--model",
    "vae",
    "--preview",
    "decoder.safetensors",
    "--out",
    "p.png",
  ];
  const { code, stdout } = await run(...words);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "p.preview.png: 40x24\np.png: 40x24\n" });
  expect((await readImage(at("p.png"))).data).toEqual((await readImage(at("alone.png"))).data);
  await run("decode", "z.safetensors", "--model", "taesd", "--out", "tiny.png");
  expect(await readImage(at("p.preview.png"))).toEqual(await readImage(at("tiny.png")));
  const { stdout: json } = await run(...words, "--json");
  expect(JSON.parse(json)).toMatchObject({
    pictures: [{ file: "p.png" }],
    previews: [{ file: "p.preview.png", width: 40, height: 24 }],
  });
});

test("--preview default is the built-in tiny model, which decodes latents of the built-in one", async () => {
  const [latents, z] = [Generator.torch(2).randn([1, 16, 4, 6]), "built-in.safetensors"];
  await writeSafetensorsFile(at(z), [["latents", latents]]);
  const { code, stdout } = await run("decode", z, "--preview", "default", "--out", "d.png");
  expect({ code, stdout }).toEqual({ code: 0, stdout: "d.preview.png: 48x32\nd.png: 48x32\n" });
  await using tiny = await AutoencoderTiny.default({ device: "cpu" });
  const { data, width } = tiny.postprocess((await tiny.decode(latents)).sample)[0]!;
  expect(await readImage(at("d.preview.png"))).toMatchObject({ data, width });
});

test("--preview default says that another model's latents may be others, and refuses what cannot be decoded", async () => {
  const words = ["decode", "z.safetensors", "--model", "vae", "--preview", "default", "--out", "e.png"];
  const { code, stderr } = await run(...words);
  expect(code).toBe(1);
  expect(stderr).toContain("--preview default is for latents of the built-in model; whether those of vae");
  expect(stderr).toContain("preview: expected a model of 4 latent channels");
});

test("--preview of a model of other latents is refused", async () => {
  const { code, stderr } = await run(
    "decode",
    "z.safetensors",
    "--model",
    "vae",
    "--preview",
    fixturePath("tiny-models/taef2"),
    "--out",
    "q.png",
  );
  expect(code).toBe(1);
  expect(stderr).toContain("preview: expected a model of 4 latent channels and 8x8 pixels per latent, found");
});

test("a VAE's own latents, of which the file says nothing more, are refused", async () => {
  const comfy = [
    ["latent_tensor", Tensor.zeros([1, 4, 3, 5])],
    ["latent_format_version_0", Tensor.zeros([0])],
  ] as const;
  await writeSafetensorsFile(at("comfy.latent"), comfy);
  const { code, stderr } = await run("decode", "comfy.latent", "--model", "taesd", "--out", "c.png");
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^vaekit: comfy\.latent: latent_tensor: expected latents as a diffusion model makes them.*pass --raw if/,
  );
});

test("inspect, its plan, export and a round trip know the class", async () => {
  const inspected = await run("inspect", "taesd");
  expect(inspected.stdout).toContain('"_class_name": "AutoencoderTiny"');
  expect(inspected.stdout).toContain("one latent covers 8x8 pixels");
  const plan = await run("inspect", "decoder.safetensors", "--plan", "--size", "64");
  expect(plan.stdout).toContain("Plan of the decoder, 64x64 pixels.");
  expect(
    (await run("export", "--model", "taesd", "--out", "onnx", "--height", "64", "--width", "64")).code,
  ).toBe(0);
  const roundtrip = await run("roundtrip", "photo.png", "--model", "taesd", "--json");
  expect(JSON.parse(roundtrip.stdout)).toMatchObject({ pictures: [{ width: 853, height: 512 }] });
});

test("pictures keep their sides, which the model fills up to whole latents", async () => {
  await savePicture(at("odd.png"), 43, 21);
  const words = ["--model", "taesd", "--size", "original"];
  const encoded = await run("encode", "odd.png", ...words, "--out", "odd.safetensors");
  expect(encoded.code).toBe(0);
  await using vae = await AutoencoderTiny.fromPretrained(at("taesd"), { device: "cpu" });
  const latents = await vae.encodeImage(at("odd.png"));
  expect(latents.shape).toEqual([1, 4, 3, 6]);
  expect((await readSafetensorsFile(at("odd.safetensors"))).tensors.get("latents")).toEqual(latents);
  const roundtrip = await run("roundtrip", "odd.png", ...words, "--json");
  expect(JSON.parse(roundtrip.stdout)).toMatchObject({ pictures: [{ width: 43, height: 21 }] });
  // What is made of latents is made of whole ones.
  const sampled = await run(
    "sample",
    "--model",
    "taesd",
    "--size",
    "43x21",
    "--count",
    "1",
    "--out",
    "s.png",
  );
  expect(sampled.stdout).toBe("s.png: 1 picture, 40x16\n");
});
