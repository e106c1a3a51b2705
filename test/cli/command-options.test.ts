/** What each command makes of each of its options, beside what the library makes of the same. */
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  AutoencoderKL,
  Generator,
  packLatents,
  readImage,
  readSafetensorsFile,
  Tensor,
  VaeImageProcessor,
  writeSafetensorsFile,
} from "../../src/node/index.ts";
import {
  listFiles,
  runCli,
  savePicture,
  saveTinyModel,
  temporaryFolder,
  tinyConfig,
  type Outcome,
} from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let vae: AutoencoderKL;
/** Where commands run; empty at first. */
let work: string;
const model = ["--model", "../model", "--device", "cpu"];
const small = ["--size", "16x16"];
const at = (name: string): string => join(work, name);

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(join(folder.path, "model"));
  vae = await AutoencoderKL.fromPretrained(join(folder.path, "model"), { device: "cpu" });
  await savePicture(join(folder.path, "a.png"), 32, 24);
  await savePicture(join(folder.path, "b.png"), 24, 32);
});
afterAll(async () => {
  await vae.dispose();
  await folder.remove();
});
beforeEach(async () => {
  work = join(folder.path, "work");
  await mkdir(work);
});
afterEach(() => rm(work, { recursive: true }));

const run = (...args: string[]): Promise<Outcome> => runCli(args, { cwd: work });

async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

const json = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse(await succeed(...args, "--json")) as Record<string, unknown>;

const tensorsOf = async (name: string): Promise<ReadonlyMap<string, Tensor>> =>
  (await readSafetensorsFile(at(name))).tensors;

/** The posterior of a picture cut to 16x16. */
async function posteriorOf(name: string) {
  const size = { width: 16, height: 16, resizeMode: "crop" } as const;
  const pixels = new VaeImageProcessor().preprocess(await readImage(join(folder.path, name)), size);
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
    expect(await listFiles(work)).toEqual([]);
  });
});

describe("decode", () => {
  const pictures = async (latents: Tensor) =>
    new VaeImageProcessor().postprocess((await vae.decode(latents, { slicing: true })).sample);

  test("takes the tensor that is named, and the one called latents where none is", async () => {
    const [one, two] = [Generator.torch(1), Generator.torch(2)].map((each) => each.randn([1, 4, 2, 2]));
    await writeSafetensorsFile(at("z"), [
      ["latents", one!],
      ["other", two!],
    ]);
    for (const [options, latents] of [
      [[], one!],
      [["--tensor", "other"], two!],
    ] as const) {
      await succeed("decode", "z", "--raw", ...options, ...model, "--out", "o.png");
      expect(await readImage(at("o.png"))).toEqual((await pictures(latents))[0]);
    }
  });

  test("unpacks tokens of a picture of the size that is given", async () => {
    const latents = Generator.torch(4).randn([1, 4, 4, 2]);
    await writeSafetensorsFile(at("z"), [["latents", packLatents(latents)]]);
    expect(await json("decode", "z", "--raw", "--packed", "16x32", ...model, "--out", "o.png")).toMatchObject(
      {
        pictures: [{ file: "o.png", width: 16, height: 32 }],
        latents: { scale: "raw", decidedBy: "--raw" },
        plan: { half: "decoder", size: { batch: 1, height: 4, width: 2 } },
      },
    );
    expect(await readImage(at("o.png"))).toEqual((await pictures(latents))[0]);
    const wrong = await run("decode", "z", "--raw", "--packed", "64x64", ...model, "--out", "n.png");
    expect(wrong).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^vaekit: --packed/) as string,
    });
  });

  test("writes a picture of each kind, numbered where there are several", async () => {
    await writeSafetensorsFile(at("z"), [["latents", Generator.torch(0).randn([2, 4, 2, 3])]]);
    const stdout = await succeed("decode", "z", "--raw", ...model, "--out", "x.y.JPG");
    expect(stdout).toBe("x.y.0.JPG: 24x16\nx.y.1.JPG: 24x16\n");
    expect(await listFiles(work)).toEqual(["x.y.0.JPG", "x.y.1.JPG", "z"]);
    expect(await sharp(at("x.y.1.JPG")).metadata()).toMatchObject({ format: "jpeg", width: 24, height: 16 });
    for (const [name, format] of [
      ["a.webp", "webp"],
      ["a.jpeg", "jpeg"],
      ["a.png", "png"],
    ] as const) {
      await writeSafetensorsFile(at("one"), [["latents", Tensor.zeros([1, 4, 2, 2])]]);
      await succeed("decode", "one", "--raw", ...model, "--out", name);
      expect((await sharp(at(name)).metadata()).format).toBe(format);
    }
  });

  test("says what it assumed, unless it need not", async () => {
    await writeSafetensorsFile(at("z"), [["latents", Tensor.zeros([1, 4, 2, 2])]]);
    const { code, stderr } = await run("decode", "z", ...model, "--out", "o.png");
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^vaekit: z: .*assumed normalized latents.*--raw/),
    ]);
  });

  test("refuses another kind of file before it looks at anything", async () => {
    const { code, stderr } = await run("decode", "nowhere", ...model, "--out", "o.gif");
    expect([code, stderr]).toEqual([
      2,
      "vaekit: --out o.gif: expected a name ending in .png, .jpg, .jpeg, .webp.\n",
    ]);
  });
});

describe("roundtrip", () => {
  test("writes a page of all its pictures, and tells programs where everything is", async () => {
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
    for (const text of ["a.png", "b.png", "8 × 8", "cpu"]) expect(page).toContain(text);
    expect(await listFiles(work)).toEqual([
      "out",
      "out/a.reconstruction.png",
      "out/b.reconstruction.png",
      "p.html",
    ]);
  });

  test("prints one line for one picture, and no mean", async () => {
    const text = await succeed("roundtrip", "../a.png", ...model, ...small);
    expect(text).toMatch(
      /^\.\.\/model: [\d,]+ parameters, f8, 4 latent channels, on cpu\n\npicture +size +PSNR dB/,
    );
    expect(text).not.toMatch(/^mean/m);
    expect(await listFiles(work)).toEqual(["a.reconstruction.png"]);
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
    await saveTinyModel(join(folder.path, "work/loud"));
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
    const before = await listFiles(work);
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
    expect(await listFiles(work)).toEqual([...before, "a.reconstruction.png"].sort());
  });

  test("reads all that is named before it computes anything", async () => {
    await writeFile(at("broken.png"), "no picture");
    const { code } = await run("roundtrip", "../a.png", "broken.png", ...model, ...small);
    expect(code).toBe(1);
    expect(await listFiles(work)).toEqual(["broken.png"]);
  });
});

describe("calibrate", () => {
  const calibrate = ["calibrate", "../a.png", "../b.png", ...model, ...small];
  let both: Record<string, unknown> | undefined;
  /** The modes of both pictures, computed once. */
  const modes = async (): Promise<Record<string, unknown>> => (both ??= await json(...calibrate));
  let one: Record<string, unknown> | undefined;
  /** Those of the first one. */
  const modesOfFirst = async (): Promise<Record<string, unknown>> =>
    (one ??= await json("calibrate", "../a.png", ...model, ...small));
  const factor = ({ estimates }: Record<string, unknown>): number =>
    (estimates as { scalingFactor: { value: number } }).scalingFactor.value;

  test("takes the first pictures that --limit allows", async () => {
    const first = await modesOfFirst();
    const limited = await json(...calibrate, "--limit", "1");
    expect(limited).toEqual(first);
    expect(first.pictures).toBe(1);
    expect(await json(...calibrate, "--limit", "2")).toEqual(await modes());
    expect((await json(...calibrate, "--limit", "9")).pictures).toBe(2);
  });

  test("measures modes, or samples of the seed", async () => {
    const [mode, zero, seeded] = [
      await modes(),
      await json(...calibrate, "--sample"),
      await json(...calibrate, "--sample", "--seed", "3"),
    ];
    expect(new Set([mode, zero, seeded].map(factor)).size).toBe(3);
    expect(await json(...calibrate, "--sample", "--seed", "0")).toEqual(zero);
  });

  test("cuts squares with --crop, of a size that is one number", async () => {
    const cropped = await json("calibrate", "../a.png", ...model, "--size", "16", "--crop");
    expect(cropped).toEqual(await modesOfFirst());
    for (const size of ["16x16", "original"]) {
      const { code, stderr } = await run("calibrate", "../a.png", ...model, "--size", size, "--crop");
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^vaekit: --crop: expected --size N/)]);
    }
  });

  test("says where the chart is, but not between the lines of JSON", async () => {
    expect(await succeed(...calibrate, "--chart", "c.svg")).toMatch(/\n\nChart: c\.svg\n$/);
    expect(await readFile(at("c.svg"), "utf8")).toContain("../model");
    await rm(at("c.svg"));
    expect(await json(...calibrate, "--chart", "c.svg")).toMatchObject({
      model: "../model",
      pictures: 2,
      valuesPerChannel: 8,
    });
    expect(await listFiles(work)).toEqual(["c.svg"]);
    expect(await succeed(...calibrate)).not.toContain("Chart");
  });

  test("offers the fields of a config", async () => {
    const { config, estimates } = await modes();
    const { value } = (estimates as { scalingFactor: { value: number } }).scalingFactor;
    expect(config).toMatchObject({
      global: { scaling_factor: Number(value.toPrecision(5)), latents_mean: null },
      perChannel: { scaling_factor: 1, shift_factor: null },
    });
  });
});

describe("export", () => {
  const exportTo = (...args: string[]) => ["export", ...model, "--out", "onnx", ...args];

  test("writes both halves of 512x512 pixels, or what is asked for", async () => {
    expect(await succeed(...exportTo())).toMatch(
      /^onnx\/vae_encoder\.onnx: input \[1, 3, 512, 512\], [\d.]+ kB\nonnx\/vae_decoder\.onnx: input \[1, 4, 64, 64\], [\d.]+ kB\n$/,
    );
    await rm(at("onnx"), { recursive: true });
    const { files } = await json(
      ...exportTo("--half", "encoder", "--batch", "3", "--height", "16", "--width", "24"),
    );
    expect(files).toEqual([
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
    expect(await listFiles(work)).toEqual([]);
  });
});

describe("sample", () => {
  const sample = (...args: string[]) => ["sample", ...model, "--out", "s.png", ...args];
  const tiny = ["--size", "8"];

  test("draws 16 pictures of 256x256 in a square, of seed 0", async () => {
    expect(await json(...sample(...tiny))).toEqual({
      file: "s.png",
      mode: "prior",
      pictures: 16,
      width: 38,
      height: 38,
    });
    const first = await readFile(at("s.png"));
    await succeed(...sample(...tiny, "--seed", "0"));
    expect(await readFile(at("s.png"))).toEqual(first);
    await succeed(...sample(...tiny, "--seed", "1"));
    expect(await readFile(at("s.png"))).not.toEqual(first);
    expect(await succeed(...sample("--count", "1"))).toBe("s.png: 1 picture, 256x256\n");
  });

  test("puts so many in a row as --columns says, else the next square that holds them", async () => {
    expect(await succeed(...sample(...tiny, "--count", "5"))).toBe("s.png: 5 pictures, 28x18\n");
    expect(await succeed(...sample(...tiny, "--count", "5", "--columns", "5"))).toBe(
      "s.png: 5 pictures, 48x8\n",
    );
    expect(await succeed(...sample("--size", "16x8", "--count", "2", "--columns", "1"))).toBe(
      "s.png: 2 pictures, 16x18\n",
    );
  });

  test("goes from one picture to another in 8 steps along an arc, all in one row", async () => {
    const between = sample(...tiny, "--between", "../a.png", "../b.png");
    expect(await json(...between)).toEqual({
      file: "s.png",
      mode: "between",
      pictures: 8,
      width: 78,
      height: 8,
    });
    const arc = await readFile(at("s.png"));
    await succeed(...between, "--interpolation", "slerp");
    expect(await readFile(at("s.png"))).toEqual(arc);
    expect(await succeed(...between, "--steps", "2")).toBe("s.png: 2 pictures, 18x8\n");
  });

  test("adds pictures up, and shows the terms before their sum", async () => {
    const sum = ["--add", "../a.png", "../b.png", "--subtract", "../a.png"];
    expect(await json(...sample(...tiny, ...sum))).toEqual({
      file: "s.png",
      mode: "arithmetic",
      pictures: 4,
      width: 38,
      height: 8,
    });
  });

  test.each([
    [["--add", "../a.png"], "--add, --subtract: expected at least two pictures, one of them to add."],
    [
      ["--subtract", "../a.png", "../b.png"],
      "--add, --subtract: expected at least two pictures, one of them to add.",
    ],
    [
      ["--between", "../a.png", "../b.png", "--subtract", "../a.png"],
      "--between and --add or --subtract are two commands",
    ],
    [["--between", "../a.png", "../b.png", "../a.png"], "--between: expected two pictures, found 3."],
    [
      ["--between", "../a.png", "../b.png", "--count", "2"],
      "--count is for random samples, not for --between.",
    ],
    [
      ["--add", "../a.png", "../b.png", "--steps", "2"],
      "--steps is for --between, not for --add and --subtract.",
    ],
    [["--interpolation", "lerp"], "--interpolation is for --between, not for random samples."],
    [["--count", "1", "--steps", "1"], "--steps: expected at least 2, as both ends are included."],
    [["--count", "101", "--size", "1000"], "--count 101: expected at most 100,000,000 pixels in all"],
    [
      ["--between", "../a.png", "../b.png", "--steps", "101", "--size", "1000"],
      "--steps 101: expected at most 100,000,000",
    ],
  ])("refuses %j", async (args, message) => {
    const { code, stdout, stderr } = await run(...sample(...args));
    expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([2, ""]);
    expect(await listFiles(work)).toEqual([]);
  });

  test("writes what the name says, and nothing under another", async () => {
    await succeed("sample", ...model, ...tiny, "--count", "1", "--out", "s.WEBP");
    expect((await sharp(at("s.WEBP")).metadata()).format).toBe("webp");
    const { code, stderr } = await run("sample", ...model, "--out", "s.gif");
    expect([code, stderr]).toEqual([
      2,
      "vaekit: --out s.gif: expected a name ending in .png, .jpg, .jpeg, .webp.\n",
    ]);
  });
});

describe("demo", () => {
  test("writes to vaekit-demo, and says what to try next", async () => {
    const text = await succeed("demo");
    expect(text).toMatch(/^built-in model: /);
    expect(text).toContain(
      "Reconstruction: vaekit-demo/reconstruction.png\nReport:         vaekit-demo/report.html",
    );
    expect(text).toMatch(/Next: vaekit roundtrip YOUR-PICTURE\.jpg --html report\.html\n$/);
    expect(await listFiles(work)).toEqual([
      "vaekit-demo",
      "vaekit-demo/reconstruction.png",
      "vaekit-demo/report.html",
    ]);
    expect(await readImage(at("vaekit-demo/reconstruction.png"))).toMatchObject({ height: 512 });
  });

  test("shows the built-in model at work, and writes elsewhere with --out", async () => {
    const told = await json("demo", "--out", "here");
    expect(told).toMatchObject({
      model: "built-in model",
      report: "here/report.html",
      pictures: [{ reconstruction: "here/reconstruction.png" }],
    });
    expect((told.pictures as { psnr: number }[])[0]!.psnr).toBeGreaterThan(20);
    expect(await listFiles(work)).toEqual(["here", "here/reconstruction.png", "here/report.html"]);
  });
});

test("a picture of more pixels than --max-pixels allows is left out, or refused where it is named", async () => {
  await mkdir(at("photos"));
  await savePicture(at("photos/small.png"), 16, 16);
  await savePicture(at("photos/large.png"), 17, 16);
  for (const command of [
    ["encode", "--out", "z"],
    ["roundtrip", "--json"],
    ["calibrate", "--json"],
  ] as const) {
    const [name, ...rest] = command;
    const args = [...model, ...small, "--max-pixels", "256", ...rest];
    const folderOf = await run(name, "photos", ...args);
    expect(folderOf.code, name).toBe(0);
    expect(folderOf.stderr, name).toMatch(/left out photos\/large\.png: expected at most 256 pixels/);
    const named = await run(name, "photos/large.png", ...args);
    expect([named.code, named.stdout], name).toEqual([1, ""]);
    expect((await run(name, "photos", ...args, "--strict")).code, name).toBe(1);
  }
});

test("help and version go to stdout with exit code 0", async () => {
  for (const args of [["--help"], ["encode", "--help"], ["--version"], ["help", "encode"]]) {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.length).toBeGreaterThan(4);
  }
  expect(await succeed("--help")).toContain(
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 141 the output's reader has gone.",
  );
  const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(await succeed("--version")).toBe(`${manifest.version}\n`);
});

test("a wrong usage is one line with the way to help", async () => {
  const outcome = await run("encode", "../a.png", "--colour", "--out", "z");
  expect(outcome).toMatchObject({
    code: 2,
    stdout: "",
    stderr: "vaekit: unknown option '--colour'\nAdd --help for what this command expects.\n",
  });
});

test("grey models take and give grey pictures", async () => {
  await saveTinyModel(at("grey"), { ...tinyConfig, inChannels: 1, outChannels: 1 });
  await succeed("encode", "../a.png", "--model", "grey", "--device", "cpu", ...small, "--out", "z");
  expect((await tensorsOf("z")).get("mean")!.shape).toEqual([1, 4, 2, 2]);
  await succeed("decode", "z", "--model", "grey", "--device", "cpu", "--out", "o.png");
  const { channels } = await sharp(at("o.png")).metadata();
  expect(channels).toBe(1);
});
