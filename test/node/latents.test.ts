/** Files of latents: what is noted in them, how they are found, and what is said where file and model do not fit. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AutoencoderKL,
  AutoencoderTiny,
  Generator,
  latentsMetadata,
  packLatents,
  readLatents,
  Tensor,
  writeSafetensorsFile,
  type ReadLatentsOptions,
} from "../../src/node/index.ts";
import { packageVersion } from "../../src/files/node/index.ts";
import { scalingMetadata } from "../../src/node/latents/metadata.ts";
import { safetensors } from "../cli/broken-files.ts";
import { temporaryFolder, tinyConfig } from "../cli/run-cli.ts";
import { Mlp, runtimes } from "../small-models.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string): string => join(folder.path, name);
const vae = AutoencoderKL.fromConfig(
  { ...tinyConfig, scalingFactor: 0.5, shiftFactor: 0.25 },
  { device: "cpu", generator: Generator.torch(0) },
);
const rows = Mlp.of(runtimes.Node!());
const latents = Generator.torch(1).randn([2, 4, 2, 2]);
const raw = Tensor.from(
  latents.data.map((value) => value / 0.5 + 0.25),
  latents.shape,
);

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(async () => {
  await Promise.all([vae.dispose(), rows.dispose()]);
  await folder.remove();
});

/** Writes a file, reads it, and gives the latents with what was said. */
async function read(
  tensors: readonly (readonly [string, Tensor])[],
  { metadata, ...options }: ReadLatentsOptions & { metadata?: Record<string, string> } = {},
): Promise<{ latents: Tensor; scale: object; notes: string[]; warnings: string[] }> {
  await writeSafetensorsFile(at("z"), tensors, metadata);
  const notes: string[] = [];
  const warnings: string[] = [];
  const told = {
    onNote: (text: string) => notes.push(text),
    onWarning: (text: string) => warnings.push(text),
  };
  return { ...(await readLatents(at("z"), vae, { ...told, ...options })), notes, warnings };
}

const refusal = (code: string, message: string): object => ({
  name: "VaekitError",
  code,
  message: expect.stringContaining(message) as string,
});

describe("what is noted of latents", () => {
  const origin = { images: ["/pictures/a.png", "b.jpg"], width: 16, height: 8 };

  test("is where they came from and what normalised them, the pictures by their names alone", () => {
    expect(latentsMetadata(vae, origin)).toEqual({
      format: "pt",
      vaekit_version: packageVersion(),
      model: "random weights",
      images: '["a.png","b.jpg"]',
      width: "16",
      height: "8",
      tiling: "auto",
      latents: "normalized mode",
      scaling_factor: "0.5",
      shift_factor: "0.25",
    });
  });

  test("is what the caller says of the tiling, the seed and the model", () => {
    expect(latentsMetadata(vae, { ...origin, tiling: "exact", seed: 0, model: "mine" })).toMatchObject({
      tiling: "exact",
      latents: "normalized sample, torch seed 0",
      model: "mine",
    });
  });

  test("is of each kind of scaling what there is", () => {
    const statistics = { kind: "meanStd", latentChannels: 2, mean: [0, 1], std: [2, 3] } as const;
    expect(scalingMetadata(statistics)).toEqual({ latents_mean: "[0,1]", latents_std: "[2,3]" });
    expect(scalingMetadata({ ...statistics, scalingFactor: 0.5 })).toHaveProperty("scaling_factor", "0.5");
    expect(scalingMetadata({ kind: "none", latentChannels: 2 })).toEqual({});
  });

  test.each([
    [{ width: 0 }, "latentsMetadata: width: expected a number of pixels, found 0."],
    [{ height: 1.5 }, "latentsMetadata: height: expected a number of pixels, found 1.5."],
    [{ images: "a.png" }, 'latentsMetadata: images: expected a list of paths, found "a.png".'],
    [{ images: [5] }, "latentsMetadata: images: expected a list of paths"],
    [{ images: undefined }, "latentsMetadata: images: expected a list of paths, found undefined."],
    [{ pixels: 5 }, "latentsMetadata: unknown option pixels"],
  ])("refuses %j", (more, message) => {
    expect(() => latentsMetadata(vae, { ...origin, ...more } as never)).toThrow(message);
  });
});

describe("latents of a file", () => {
  test("are given in the VAE's scale, and what was assumed is told", async () => {
    const found = await read([["latents", latents]]);
    expect(found.latents).toBeAllclose(raw, { absolute: 1e-6 });
    expect(found.scale).toEqual({ scale: "normalized", decidedBy: "assumed" });
    expect(found.notes).toEqual([
      expect.stringContaining("does not say the scale of latents; assumed normalized"),
    ]);
    expect(found.warnings).toEqual([]);
  });

  test("are as they are where the caller says that they are raw", async () => {
    const found = await read([["latents", latents]], { raw: true, metadata: { scaling_factor: "9" } });
    expect(found.latents.equals(latents)).toBe(true);
    expect([found.notes, found.warnings]).toEqual([[], []]);
  });

  test("come by the name that is asked for", async () => {
    const both = [
      ["latents", latents],
      ["other", Tensor.zeros([1, 4, 2, 2])],
    ] as const;
    expect((await read(both, { tensor: "other", raw: true })).latents.shape).toEqual([1, 4, 2, 2]);
    await expect(read(both, { tensor: "none" })).rejects.toMatchObject(
      refusal("NOT_FOUND", `${at("z")}: expected a tensor none, found latents, other.`),
    );
    const many = Array.from({ length: 6 }, (_, i) => [`t${i}`, Tensor.zeros([1])] as const);
    await expect(read(many)).rejects.toMatchObject(
      refusal(
        "INVALID_FILE",
        "expected one tensor, or one named latents; found t0, t1, t2, t3, t4, …. Choose one with `tensor`.",
      ),
    );
    await expect(read(many.slice(0, 5))).rejects.toMatchObject(
      refusal("INVALID_FILE", "found t0, t1, t2, t3, t4. Choose"),
    );
    await expect(read([])).rejects.toMatchObject(refusal("INVALID_FILE", "found no tensor."));
  });

  test("of one picture get the batch that they lack", async () => {
    const found = await read([["latents_2x2_f32", Generator.torch(3).randn([4, 2, 2])]], { raw: true });
    expect(found.latents.shape).toEqual([1, 4, 2, 2]);
  });

  test("of old ComfyUI are divided by its own factor, and not by the model's", async () => {
    const found = await read([["latent_tensor", latents]]);
    expect(found.latents).toBeAllclose(
      Tensor.from(
        latents.data.map((value) => value / 0.18215),
        latents.shape,
      ),
      { absolute: 1e-6 },
    );
    expect(found.warnings).toEqual([]);
  });

  test("that are packed tokens are unpacked for the size that is told", async () => {
    const tall = Generator.torch(4).randn([1, 4, 4, 2]);
    const tokens = packLatents(tall);
    const found = await read([["latents", tokens]], { raw: true, packed: { width: 16, height: 32 } });
    expect(found.latents.equals(tall)).toBe(true);
    await expect(read([["latents", tokens]])).rejects.toMatchObject(
      refusal("INVALID_FILE", "These are packed tokens; pass `packed` with the picture's size in pixels."),
    );
    await expect(read([["latents", tokens]], { packed: { width: 32, height: 32 } })).rejects.toMatchObject(
      refusal(
        "INVALID_ARGUMENT",
        "`packed: 32x32`: a picture of that size has 4 tokens, found 2. Pass the size that the latents were made for.",
      ),
    );
    await expect(read([["latents", latents]], { packed: { width: 16, height: 16 } })).rejects.toMatchObject(
      refusal("INVALID_FILE", "expected packed latents [N, tokens, 16] for `packed`, found [2, 4, 2, 2]."),
    );
    for (const packed of [{ width: 0, height: 8 }, { width: 8 }, { width: 8.5, height: 8 }, null]) {
      await expect(read([["latents", tokens]], { packed: packed as never })).rejects.toThrow(
        "readLatents: packed: expected a size { width, height } in pixels",
      );
    }
  });

  test.each<[string, Tensor, string]>([
    [
      "bytes",
      Tensor.from(new Uint8Array(16), [1, 4, 2, 2]),
      "found uint8 [1, 4, 2, 2]. Latents are floating-point numbers.",
    ],
    [
      "whole numbers",
      Tensor.from(new BigInt64Array(16), [1, 4, 2, 2]),
      "Latents are floating-point numbers.",
    ],
    ["one picture", Tensor.zeros([4, 2, 2]), "The batch dimension is missing; save them as [1, 4, 2, 2]."],
    ["a video", Tensor.zeros([1, 4, 1, 2, 2]), "These are latents of a video; vaekit decodes pictures."],
    ["a row", Tensor.zeros([1, 4]), "Save them with four dimensions."],
    ["three dimensions", Tensor.zeros([5, 2, 2]), "Save them with four dimensions."],
    [
      "moments",
      Tensor.zeros([1, 8, 2, 2]),
      "These are mean and logvar together; save the first half of the channels.",
    ],
    ["other channels", Tensor.zeros([1, 3, 2, 2]), "Choose the `model` that made them."],
    ["nothing", Tensor.zeros([0, 4, 2, 2]), "There is nothing to decode."],
    [
      "not a number",
      Tensor.from(new Float32Array(16).fill(NaN), [1, 4, 2, 2]),
      "expected finite numbers, found NaN or infinite ones.",
    ],
    [
      "one infinite",
      Tensor.from(new Float32Array(16).fill(Infinity, 15), [1, 4, 2, 2]),
      "expected finite numbers",
    ],
  ])("are refused where they are %s", async (_, tensor, message) => {
    await expect(read([["latents", tensor]])).rejects.toMatchObject(refusal("INVALID_FILE", message));
  });

  test("are refused in a dtype that is not read, by the name that was asked for", async () => {
    await writeFile(
      at("odd"),
      safetensors({ latents: { dtype: "F8_E4M3", shape: [1, 4, 2, 2], data_offsets: [0, 16] } }, 16),
    );
    await expect(readLatents(at("odd"), vae)).rejects.toMatchObject(
      refusal(
        "INVALID_FILE",
        "latents: expected latents in floating point, found the dtype F8_E4M3. Save them as float32.",
      ),
    );
  });

  test("of a model of rows are rows", async () => {
    await writeSafetensorsFile(at("rows"), [["latents", Generator.torch(1).randn([3, 2])]]);
    expect((await readLatents(at("rows"), rows)).latents.shape).toEqual([3, 2]);
  });

  test.each<[Record<string, string>, RegExp[]]>([
    [{ vaekit_version: "1", scaling_factor: "0.5", shift_factor: "0.25" }, []],
    [{ vaekit_version: "1", scaling_factor: "5e-1", shift_factor: "0.250" }, []],
    [{ scaling_factor: "0.5" }, []],
    [
      { scaling_factor: "0.6" },
      [/made with scaling_factor 0\.6, but this model's is 0\.5; is it the same model\?/],
    ],
    [
      { vaekit_version: "1", scaling_factor: "0.5" },
      [/made with shift_factor none, but this model's is 0\.25/],
    ],
    [
      {
        vaekit_version: "1",
        scaling_factor: "0.5",
        shift_factor: "0",
        latents_mean: "[1]",
        latents_std: "[2]",
      },
      [/shift_factor 0, but/, /latents_mean \[1\], but this model's is none/, /latents_std \[2\], but/],
    ],
  ])("with the metadata %j say where another model made them", async (metadata, expected) => {
    const { warnings } = await read([["latents", latents]], { metadata });
    expect(warnings).toEqual(expected.map((each) => expect.stringMatching(each) as string));
  });

  test("whose model shifts by 0 say nothing of a file that notes no shift", async () => {
    const plain = AutoencoderKL.fromConfig({ ...tinyConfig, scalingFactor: 0.5 }, { device: "cpu" });
    await writeSafetensorsFile(at("z"), [["latents", latents]], {
      vaekit_version: "1",
      scaling_factor: "0.5",
    });
    const warnings: string[] = [];
    await readLatents(at("z"), plain, { onWarning: (text) => warnings.push(text) });
    expect(warnings).toEqual([]);
    await plain.dispose();
  });
});

describe("latents for a tiny autoencoder", () => {
  const stages = {
    encoderBlockOutChannels: [4],
    numEncoderBlocks: [0],
    decoderBlockOutChannels: [4],
    numDecoderBlocks: [0],
  };
  const tiny = AutoencoderTiny.fromConfig(stages, { device: "cpu" });
  afterAll(() => tiny.dispose());

  async function readFor(
    name: string,
    metadata: Record<string, string>,
    options: ReadLatentsOptions = {},
    beside: readonly (readonly [string, Tensor])[] = [],
  ): Promise<Tensor> {
    await writeSafetensorsFile(at("tiny"), [[name, raw], ...beside], metadata);
    const told = { onNote: fail, onWarning: fail, ...options };
    return (await readLatents(at("tiny"), tiny, told)).latents;
  }
  const fail = (message: string): void => {
    throw new Error(message);
  };
  const factors = { vaekit_version: "1", scaling_factor: "0.5", shift_factor: "0.25" };

  test("that are normalised are taken as they are, whatever normalised them, without a word", async () => {
    expect((await readFor("latents", factors)).equals(raw)).toBe(true);
    expect((await readFor("latents", { scaling_factor: "0.13025" })).equals(raw)).toBe(true);
    expect((await readFor("latents", { vaekit_version: "1" })).equals(raw)).toBe(true);
  });

  test("that are in a VAE's own scale are normalised by what the file notes of it", async () => {
    // One rounding per operation of float32.
    const tolerance = { absolute: 1e-6 };
    expect(await readFor("mean", factors)).toBeAllclose(latents, tolerance);
    const lists = { vaekit_version: "1", latents_mean: "[0.25,0.25,0.25,0.25]", latents_std: "[2,2,2,2]" };
    expect(await readFor("mean", lists)).toBeAllclose(latents, tolerance);
    const [patchMean, patchStd] = [0.25, 2].map((value) => JSON.stringify(Array(16).fill(value)));
    const patches = { vaekit_version: "1", patch_mean: patchMean!, patch_std: patchStd! };
    expect(await readFor("mean", patches)).toBeAllclose(latents, tolerance);
  });

  test("that are in a VAE's own scale, of which the file notes nothing, are refused", async () => {
    const marker = [["latent_format_version_0", Tensor.zeros([0])]] as const;
    const told = { onNote: () => undefined };
    const message = "expected latents as a diffusion model makes them, which this model decodes";
    await expect(readFor("latent_tensor", {}, told, marker)).rejects.toMatchObject(
      refusal("INVALID_FILE", message),
    );
    // ComfyUI's before there was a marker: times a factor that is Stable Diffusion 1's alone.
    await expect(readFor("latent_tensor", {}, told)).rejects.toMatchObject(refusal("INVALID_FILE", message));
    await expect(
      readFor("mean", { vaekit_version: "1", latents_mean: "7", latents_std: "x" }),
    ).rejects.toThrow("latents_mean: expected a list of numbers, found 7.");
  });

  test("are taken as they are where somebody says so", async () => {
    expect((await readFor("latent_tensor", {}, { raw: true })).equals(raw)).toBe(true);
  });
});

test("latents of a tiny autoencoder are normalised, and another VAE takes them for that without a word", async () => {
  const { latents: found, warnings } = await read([["latents", latents]], {
    metadata: { vaekit_version: "1" },
  });
  expect(warnings).toEqual([]);
  expect(found).toBeAllclose(raw, { absolute: 1e-6 });
});

describe("latents far from what the model makes", () => {
  test("give a warning in a file of another program, and none in one of vaekit", async () => {
    // As Stable Diffusion's VAE has them: a deviation of 5.5.
    const values = Generator.torch(1)
      .randn([1, 4, 8, 8])
      .data.map((value) => value / 0.18215);
    const tensors = new Map([["latents", Tensor.from(values, [1, 4, 8, 8])]]);
    const warningsOf = async (name: string, metadata: Record<string, string>): Promise<string[]> => {
      const path = at(name);
      await writeSafetensorsFile(path, tensors, metadata);
      const warnings: string[] = [];
      await readLatents(path, vae, { onWarning: (message) => warnings.push(message) });
      return warnings;
    };
    expect(await warningsOf("foreign.safetensors", {})).toEqual([
      expect.stringMatching(
        /foreign\.safetensors: latents: normalised, these latents have .* deviation [56]\.\d/,
      ),
    ]);
    const own = latentsMetadata(vae, { images: ["a.png"], width: 8, height: 8 });
    expect(await warningsOf("own.safetensors", own)).toEqual([]);
  });
});
