/** AutoencoderTiny gives diffusers' numbers, and TAEF2 those of its reference in PyTorch. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoencoderTiny, openVae, type NodeVae } from "../../src/node/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { openVaeOn } from "../models-on-runtimes.ts";
import { fixturePath, manifest, readGoldens } from "./fixtures.ts";
import { modelTolerance } from "./tolerance.ts";

const whole = manifest.tiny_models.filter((each) => !each.tiled);

describe.each(whole)("$name ($covers)", ({ folder, golden }) => {
  const goldens = readGoldens(golden);
  let vae: AutoencoderTiny;
  beforeAll(async () => {
    vae = await AutoencoderTiny.fromPretrained(fixturePath(folder), { device: "cpu" });
  });
  afterAll(() => vae.dispose());

  test.each(["off", "exact", "auto"] as const)("tiling %s: encode and decode", async (tiling) => {
    const encoded = await vae.encode(goldens.get("pixels"), { tiling });
    const { sample } = await vae.decode(goldens.get("latents"), { tiling });
    expect(encoded.latents()).toBeAllclose(goldens.get("encoded"), modelTolerance);
    expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
  });

  test("latents as bytes, and back", () => {
    const latents = goldens.get("latents").toFloat32();
    const thrice = Tensor.from(
      latents.data.map((value) => 3 * value),
      latents.shape,
    );
    const scaled = vae.scaleLatents(thrice);
    // One rounding per operation of float32.
    expect(scaled).toBeAllclose(goldens.get("scaled"), { absolute: 1e-7 });
    expect(vae.unscaleLatents(scaled)).toBeAllclose(goldens.get("unscaled"), { absolute: 1e-6 });
  });

  test.runIf(goldens.has("reconstruction"))("forward decodes what bytes keep of the latents", async () => {
    const { sample } = await vae.forward(goldens.get("pixels"));
    expect(sample).toBeAllclose(goldens.get("reconstruction"), modelTolerance);
  });

  test("on WebAssembly, as a whole and in strips", async () => {
    await using web = await openVaeOn("onnxruntime-web (WebAssembly)", fixturePath(folder));
    for (const tiling of ["off", "exact"] as const) {
      const encoded = await web.encode(goldens.get("pixels"), { tiling });
      const { sample } = await web.decode(goldens.get("latents"), { tiling });
      expect(encoded.latents()).toBeAllclose(goldens.get("encoded"), modelTolerance);
      expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
    }
  });
});

describe.each(manifest.tiny_models.filter((each) => each.tiled))("$name ($covers)", ({ folder, golden }) => {
  const goldens = readGoldens(golden);
  let vae: AutoencoderTiny;
  beforeAll(async () => {
    vae = await AutoencoderTiny.fromPretrained(fixturePath(folder), { device: "cpu" });
  });
  afterAll(() => vae.dispose());
  /** Where the goldens begin, in latents: a little before the second tiles do. */
  const corner = 54;

  test("tiled encode gives diffusers' latents where four tiles meet", async () => {
    const latents = (await vae.encode(pattern(3, 520), { tiling: "diffusers" })).latents();
    expect(latents.shape).toEqual([1, 4, 65, 65]);
    expect(thinned(latents, corner, 1)).toBeAllclose(goldens.get("tiled_encoded"), modelTolerance);
  });

  test("tiled decode gives diffusers' sample where four tiles meet", async () => {
    const { sample } = await vae.decode(pattern(4, 65), { tiling: "diffusers" });
    expect(sample.shape).toEqual([1, 3, 520, 520]);
    expect(thinned(sample, 8 * corner, 3)).toBeAllclose(goldens.get("tiled_sample"), modelTolerance);
  });

  test("a picture of one tile is as without tiles; a side of no whole latents is refused, as diffusers fails", async () => {
    const pixels = pattern(3, 40);
    const whole = (await vae.encode(pixels, { tiling: "off" })).latents();
    expect((await vae.encode(pixels, { tiling: "diffusers" })).latents().equals(whole)).toBe(true);
    await expect(vae.encode(pattern(3, 41), { tiling: "diffusers" })).rejects.toThrow(
      'tiling "diffusers": expected sides of multiples of 8 pixels, found 41x41 (diffusers fails, too)',
    );
  });
});

test.each(["silu-uneven", "gelu-grey", "taef2"])(
  "%s has no tiles of diffusers, which fail there",
  async (name) => {
    await using vae = await openVae(fixturePath(`tiny-models/${name}`), { device: "cpu" });
    const goldens = readGoldens(`tiny-models/${name}/golden.safetensors`);
    await expect(vae.decode(goldens.get("latents"), { tiling: "diffusers" })).rejects.toThrow(
      'tiling "diffusers": expected a model that diffusers has tiles for, found one without',
    );
  },
);

/** [1, channels, side, side], as tools/reference/tiny_models.py makes it. */
function pattern(channels: number, side: number): Tensor<"float32"> {
  const data = Float32Array.from({ length: channels * side * side }, (_, index) => {
    const [channel, row, column] = [
      Math.floor(index / side ** 2),
      Math.floor(index / side) % side,
      index % side,
    ];
    return ((17 * channel + 31 * row + 47 * column) % 61) / 30.5 - 1;
  });
  return Tensor.from(data, [1, channels, side, side]);
}

/** x[..., from::step, from::step] of a square. */
function thinned(x: Tensor, from: number, step: number): Tensor<"float32"> {
  const [, channels, side] = x.shape as [number, number, number, number];
  const count = Math.ceil((side - from) / step);
  const all = x.toFloat32().data;
  const data = Float32Array.from({ length: channels * count ** 2 }, (_, index) => {
    const row = from + step * (Math.floor(index / count) % count);
    return all[(Math.floor(index / count ** 2) * side + row) * side + from + step * (index % count)]!;
  });
  return Tensor.from(data, [1, channels, count, count]);
}

const originals: [layout: string, name: string, source: string | { encoder: string; decoder: string }][] = [
  ["two files", "relu", halves("relu")],
  ["one file of both halves", "relu", original("relu_combined")],
  ["two files", "taef2", halves("taef2")],
];

describe.each(originals)("%s of %s in the original layout", (_, name, source) => {
  const goldens = readGoldens(`tiny-models/${name}/golden.safetensors`);
  let vae: NodeVae;
  beforeAll(async () => {
    vae = await openVae(source, { device: "cpu", onWarning: () => undefined });
  });
  afterAll(() => vae.dispose());

  test("is an AutoencoderTiny with the numbers of its folder", async () => {
    expect(vae).toBeInstanceOf(AutoencoderTiny);
    const encoded = await vae.encode(goldens.get("pixels"));
    const { sample } = await vae.decode(goldens.get("latents"));
    expect(encoded.latents()).toBeAllclose(goldens.get("encoded"), modelTolerance);
    expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
  });
});

test.each(["relu", "taef2"])(
  "the decoder of %s alone decodes, and says that it cannot encode",
  async (name) => {
    const goldens = readGoldens(`tiny-models/${name}/golden.safetensors`);
    await using vae = await openVae(original(`${name}_decoder`), { device: "cpu" });
    expect(vae.halves).toEqual(["decoder"]);
    const { sample } = await vae.decode(goldens.get("latents"));
    expect(sample).toBeAllclose(goldens.get("sample"), modelTolerance);
    await expect(vae.encode(goldens.get("pixels"))).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("encode needs the encoder; this model is its decoder alone") as string,
    });
  },
);

test.each(["relu", "taef2"])(
  "the encoder of %s alone encodes, and says that it cannot decode",
  async (name) => {
    const goldens = readGoldens(`tiny-models/${name}/golden.safetensors`);
    await using vae = await openVae(original(`${name}_encoder`), { device: "cpu" });
    const encoded = await vae.encode(goldens.get("pixels"));
    expect(encoded.latents()).toBeAllclose(goldens.get("encoded"), modelTolerance);
    await expect(vae.decode(goldens.get("latents"))).rejects.toThrow("decode needs the decoder");
  },
);

function original(name: string): string {
  return fixturePath(`tiny-models/original/${name}.safetensors`);
}

function halves(name: string): { encoder: string; decoder: string } {
  return { encoder: original(`${name}_encoder`), decoder: original(`${name}_decoder`) };
}
