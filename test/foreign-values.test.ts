/** What is not what a function takes is taken all the same, or refused in one clear line: never a raw TypeError. */
import { runInNewContext } from "node:vm";
import { Tensor as OrtTensor } from "onnxruntime-common";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import * as vaekit from "../src/node/index.ts";
import { Autoencoder, Mlp, runtimes } from "./small-models.ts";

const { Tensor, DiagonalGaussianDistribution, VaeImageProcessor } = vaekit;
const vae = Autoencoder.of(runtimes["Node"]!());
const mlp = Mlp.of(runtimes["Node"]!());
afterAll(() => Promise.all([vae.dispose(), mlp.dispose()]));

type ArrayClass = new (size: number) => Float32Array;
const foreignClass = (name: string): ArrayClass => runInNewContext(name) as ArrayClass;

describe("Tensor.from", () => {
  test("takes arrays of another realm, in their own memory", async () => {
    const foreign = new (foreignClass("Float32Array"))(48);
    const tensor = Tensor.from(foreign, [1, 3, 4, 4]);
    foreign[5] = 7;
    expect(tensor.dtype).toBe("float32");
    expect(tensor.data).toBeInstanceOf(Float32Array);
    expect(tensor.data[5]).toBe(7);
    expect((await vae.encode(tensor)).latentDist.mean.shape).toEqual([1, 4, 2, 2]);
    const halves = new (foreignClass("Uint16Array"))(2) as unknown as Uint16Array;
    expect(Tensor.from(halves, [2], "bfloat16").dtype).toBe("bfloat16");
  });

  test("takes arrays on shared memory, and a part of a larger one", async () => {
    const shared = new Float32Array(new SharedArrayBuffer(4 * 48));
    expect((await vae.encode(Tensor.from(shared, [1, 3, 4, 4]))).latentDist.mean.size).toBe(16);
    expect(Tensor.from(new (foreignClass("Float32Array"))(9).subarray(1), [8]).size).toBe(8);
    expect(Tensor.from(Buffer.from([1, 2]), [2]).dtype).toBe("uint8");
  });

  test("refuses an array whose memory was transferred away", () => {
    const array = new Float32Array(4);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    expect(() => Tensor.from(array, [4])).toThrow("found 0 of a buffer that was transferred away");
  });

  test.each<[unknown, string]>([
    [[1, 2, 3], "found an array of 3."],
    [new ArrayBuffer(8), "found an ArrayBuffer."],
    [new Uint8ClampedArray(3), "found a Uint8ClampedArray of 3."],
    [new DataView(new ArrayBuffer(3)), "found a DataView."],
    [undefined, "found undefined."],
    ["abc", 'found "abc".'],
  ])("refuses %s", (data, message) => {
    expect(() => Tensor.from(data as never, [3])).toThrow(message);
    expect(() => Tensor.from(data as never, [3], "float32" as never)).toThrow(message);
  });
});

test("readImage takes the bytes of another realm, and says in one line what it does not take", async () => {
  const png = await sharp({ create: { width: 3, height: 2, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  const foreign = new (foreignClass("Uint8Array"))(png.length) as unknown as Uint8Array;
  foreign.set(png);
  expect(await vaekit.readImage(foreign)).toMatchObject({ width: 3, height: 2 });
  for (const value of [
    png.buffer,
    new Uint8ClampedArray(png),
    new URL("file:///a.png"),
    [...png],
    new Blob([]),
  ]) {
    const error = await vaekit.readImage(value as never).catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect((error as Error).message.length).toBeLessThan(160);
  }
});

const posterior = new DiagonalGaussianDistribution(Tensor.zeros([1, 8, 2, 2]));
const raster = { width: 8, height: 8, channels: 3, data: new Uint8Array(192) } as const;

/** What people have where a Tensor is wanted, and what the message says of it. */
const foreignTensors: Readonly<Record<string, [value: unknown, message: string]>> = {
  "onnxruntime's tensor": [
    new OrtTensor("float32", new Float32Array(16), [1, 4, 2, 2]),
    "a tensor of another library with dims [1, 4, 2, 2]: use Tensor.from(t.data, t.dims)",
  ],
  "transformers.js' tensor": [
    { dims: [1, 4, 2, 2], type: "float32", data: new Float32Array(16), size: 16 },
    "a tensor of another library with dims [1, 4, 2, 2]",
  ],
  "a structured clone": [
    structuredClone(Tensor.zeros([1, 4, 2, 2])),
    "use Tensor.from(t.data, t.shape, t.dtype)",
  ],
  "a posterior": [posterior, "a posterior: take its mode() or sample()"],
  "encode's output": [new vaekit.AutoencoderKLOutput({ latentDist: posterior }), "the output of encode"],
  "decode's output": [
    new vaekit.DecoderOutput({ sample: Tensor.zeros([1]) }),
    "the output of decode: take its sample",
  ],
  "a picture": [raster, "a picture: VaeImageProcessor.preprocess"],
  "a typed array": [new Float32Array(16), "a Float32Array of 16: use Tensor.from(array, shape)"],
  "a promise": [Promise.resolve(1), "a promise: await it first"],
  undefined: [undefined, "undefined"],
  null: [null, "null"],
  "an empty object": [{}, "an object without keys"],
  "a text": ["latents", '"latents"'],
};

const factors = { scalingFactor: 1, latentChannels: 4 };
const latents = Tensor.zeros([1, 4, 2, 2]);

/** Every argument that is a Tensor. */
const takers: Readonly<Record<string, (value: never) => unknown>> = {
  encode: (x) => vae.encode(x),
  decode: (x) => vae.decode(x),
  forward: (x) => vae.forward(x),
  "forward's noise": (x) => vae.forward(Tensor.zeros([1, 3, 4, 4]), { samplePosterior: true, noise: x }),
  "MLP's encode": (x) => mlp.encode(x),
  "MLP's decode": (x) => mlp.decode(x),
  "the model's normalizeLatents": (x) => vae.normalizeLatents(x),
  "the model's denormalizeLatents": (x) => vae.denormalizeLatents(x),
  normalizeLatents: (x) => vaekit.normalizeLatents(x, factors),
  denormalizeLatents: (x) => vaekit.denormalizeLatents(x, factors),
  packLatents: (x) => vaekit.packLatents(x),
  unpackLatents: (x) => vaekit.unpackLatents(x, { height: 16, width: 16 }),
  interpolateLatents: (x) => vaekit.interpolateLatents(latents, x, 0.5),
  interpolationPath: (x) => vaekit.interpolationPath(x, latents, 3),
  combineLatents: (x) => vaekit.combineLatents([{ latents: x, weight: 1 }]),
  "the posterior's constructor": (x) => new DiagonalGaussianDistribution(x),
  nll: (x) => posterior.nll(x),
  "sample's noise": (x) => posterior.sample({ noise: x }),
  postprocess: (x) => new VaeImageProcessor().postprocess(x),
  latentPicture: (x) => vaekit.latentPicture(x),
  "LatentStatistics.add": (x) => new vaekit.LatentStatistics(4).add(x),
  "LatentCalibrator.add": (x) => new vaekit.LatentCalibrator(4).add(x),
};

const errorOf = (call: () => unknown): Promise<unknown> =>
  Promise.resolve()
    .then(call)
    .then(
      () => "no error",
      (error: unknown) => error,
    );

describe.each(Object.entries(takers))("%s", (name, call) => {
  test.each(Object.entries(foreignTensors))("refuses %s", async (_, [value, message]) => {
    if (value === undefined && name.endsWith("noise")) return;
    const error = await errorOf(() => call(value as never));
    expect(error).toBeInstanceOf(vaekit.VaekitError);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect((error as Error).message).toMatch(/: expected a vaekit Tensor, found /);
    expect((error as Error).message).toContain(message);
  });
});
