/** `vaekit decode`: which tensor it takes, at what scale, and which pictures it writes. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  Generator,
  packLatents,
  readImage,
  Tensor,
  VaeImageProcessor,
  writeSafetensorsFile,
  type AutoencoderKL,
} from "../../src/node/index.ts";
import { model, workFolder } from "./run-cli.ts";

const { at, files, run, succeed, json, openModel } = workFolder();

let vae: AutoencoderKL;
beforeAll(async () => {
  vae = await openModel();
});
afterAll(() => vae.dispose());

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
    expect(await files()).toEqual(["x.y.0.JPG", "x.y.1.JPG", "z"]);
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
