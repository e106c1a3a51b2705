/** Options that types forbid get a clear error in JavaScript, too: misspelt names, and values of another kind. */
import { afterAll, describe, expect, test } from "vitest";
import {
  AutoencoderKL,
  AutoencoderTiny,
  contactSheet,
  DiagonalGaussianDistribution,
  encodeImage,
  Generator,
  latentPicture,
  MlpVae,
  NodeRuntime,
  readImage,
  resizeRaster,
  Tensor,
  unpackLatents,
  VaeImageProcessor,
  type Raster,
} from "../src/node/index.ts";
import { train } from "../src/training/index.ts";
import { AutoencoderKL as WebAutoencoderKL, WebRuntime } from "../src/web/index.ts";
import { Autoencoder, Mlp, runtimes } from "./small-models.ts";

const vae = Autoencoder.of(runtimes["Node"]!());
const mlp = Mlp.of(runtimes["Node"]!());
afterAll(() => Promise.all([vae.dispose(), mlp.dispose()]));

const pixels = Tensor.zeros([1, 3, 4, 4]);
const latents = Tensor.zeros([1, 4, 2, 2]);
const size = { batch: 1, height: 4, width: 4 };
const raster: Raster = { width: 8, height: 8, channels: 3, data: new Uint8Array(192) };
const posterior = new DiagonalGaussianDistribution(Tensor.zeros([1, 8, 2, 2]));
const ort = { InferenceSession: Map, Tensor: Map };

/** As JavaScript calls it: with anything. */
type Call = (options: never) => unknown;
const config = { blockOutChannels: [4], downBlockTypes: ["DownEncoderBlock2D"], normNumGroups: 4 } as const;

/** Every public call with options: an option of it that is misspelt, and what was meant. */
const calls: readonly [name: string, call: Call, wrong: string, meant: string][] = [
  ["encode", (o) => vae.encode(pixels, o), "tilling", "tiling"],
  ["decode", (o) => vae.decode(latents, o), "maxMemoryByte", "maxMemoryBytes"],
  ["forward", (o) => vae.forward(pixels, o), "sample_posterior", "samplePosterior"],
  ["plan", (o) => vae.plan("encoder", size, o), "Tiling", "tiling"],
  ["exportOnnx", (o) => vae.exportOnnx("encoder", size, o), "check_finite", "checkFinite"],
  ["MLP's encode", (o) => mlp.encode(Tensor.zeros([1, 6]), o), "finite", "checkFinite"],
  ["MLP's decode", (o) => mlp.decode(Tensor.zeros([1, 2]), o), "checkfinit", "checkFinite"],
  ["fromPretrained", (o) => AutoencoderKL.fromPretrained("nowhere", o), "sub_folder", "subfolder"],
  ["fromSingleFile", (o) => AutoencoderKL.fromSingleFile("nowhere", o), "configs", "config"],
  ["fromConfig", (o) => AutoencoderKL.fromConfig(config, o), "generater", "generator"],
  ["default", (o) => AutoencoderKL.default(o), "threads", "threadCount"],
  ["AutoencoderTiny's default", (o) => AutoencoderTiny.default(o), "threads", "threadCount"],
  ["MLP's fromPretrained", (o) => MlpVae.fromPretrained("nowhere", o), "devise", "device"],
  [
    "web's fromPretrained",
    (o) => WebAutoencoderKL.fromPretrained("http://127.0.0.1:1", o),
    "header",
    "headers",
  ],
  ["NodeRuntime", (o) => new NodeRuntime(o), "threadcount", "threadCount"],
  ["WebRuntime", (o) => new WebRuntime(ort as never, o), "devise", "device"],
  ["VaeImageProcessor", (o) => new VaeImageProcessor(o), "vae_scale_factor", "vaeScaleFactor"],
  ["preprocess", (o) => new VaeImageProcessor().preprocess(raster, o), "resize_mode", "resizeMode"],
  ["readImage", (o) => readImage("nowhere.png", o), "max_pixels", "maxPixels"],
  ["encodeImage", (o) => encodeImage(raster, "a.png", o), "qualty", "quality"],
  ["contactSheet", (o) => contactSheet([raster], o), "collumns", "columns"],
  ["latentPicture", (o) => latentPicture(latents, o), "pallette", "palette"],
  ["resizeRaster", (o) => resizeRaster(raster, 4, 4, o), "resampling", "resample"],
  [
    "posterior",
    (o) => new DiagonalGaussianDistribution(posterior.parameters, o),
    "determinstic",
    "deterministic",
  ],
  ["sample", (o) => posterior.sample(o), "genrator", "generator"],
  ["unpackLatents", (o) => unpackLatents(Tensor.zeros([1, 1, 16]), o), "vaeScale_factor", "vaeScaleFactor"],
  ["train", (o) => train(o), "dirrectory", "directory"],
];

const failure = (call: Call, options: unknown): Promise<{ code?: string; message: string }> =>
  Promise.resolve()
    .then(() => call(options as never))
    .then(
      () => ({ message: "no error" }),
      (error: unknown) => error as Error,
    );

describe.each(calls)("%s", (_, call, wrong, meant) => {
  test("says what a misspelt option was meant to be", async () => {
    const { code, message } = await failure(call, { [wrong]: 1 });
    // Too far from any name, all of them are listed.
    expect(message).toMatch(
      new RegExp(`unknown option ${wrong}; (did you mean ${meant}\\?|the options are .*${meant})`),
    );
    expect(code).toBe("INVALID_ARGUMENT");
  });

  test.each(["exact", 3, null, [1], true])("refuses %j as its options", async (options) => {
    const { code, message } = await failure(call, options);
    expect(message).toMatch(/: expected options as an object, found /);
    expect(code).toBe("INVALID_ARGUMENT");
  });
});

const decode: Call = (o) => vae.decode(latents, o);
const modes = 'tiling: expected one of "auto", "exact", "off" or "diffusers"';

test.each<[Call, unknown, string]>([
  [decode, { tiling: "exakt" }, `decode: ${modes}, found "exakt".`],
  [decode, { tiling: true }, `decode: ${modes}, found true.`],
  [decode, { tiling: null }, `decode: ${modes}, found null.`],
  [decode, { maxMemoryBytes: "2GB" }, 'maxMemoryBytes: expected a positive number of bytes, found "2GB".'],
  [decode, { maxMemoryBytes: -1 }, "maxMemoryBytes: expected a positive number of bytes, found -1."],
  [decode, { maxMemoryBytes: NaN }, "maxMemoryBytes: expected a positive number of bytes, found NaN."],
  [decode, { slicing: "yes" }, 'decode: slicing: expected true or false, found "yes".'],
  [decode, { signal: {} }, "decode: signal: expected an AbortSignal, found an object without keys."],
  [decode, { signal: new AbortController() }, "expected an AbortSignal, found an AbortController."],
  [decode, { onProgress: "log" }, 'decode: onProgress: expected a function, found "log".'],
  [decode, { temporaryFolder: 1 }, "decode: temporaryFolder: expected a text, found 1."],
  [(o) => vae.encode(pixels, o), { checkFinite: 0 }, "encode: checkFinite: expected true or false, found 0."],
  [(o) => vae.plan(o, size), "middle", 'plan: expected "encoder" or "decoder", found "middle".'],
  [(o) => vae.plan("encoder", o), { batch: 1, height: 8 }, "found { 1, 8, undefined }."],
  [(o) => vae.exportOnnx("encoder", o), undefined, "expected a size { batch, height, width }"],
  [(o) => AutoencoderKL.default(o), { device: "gpu" }, 'default: device: expected one of "auto", "cpu", '],
  [(o) => AutoencoderKL.fromConfig(config, o), { generator: 3 }, "generator: expected a Generator"],
  [(o) => AutoencoderKL.fromSingleFile("a", o), { as: "sd15" }, 'as: expected one of "sd1", "sdxl"'],
  [
    (o) => AutoencoderKL.fromPretrained("a/b", o),
    { timeoutMs: "1s" },
    "timeoutMs: expected a positive number of",
  ],
  [(o) => new NodeRuntime(o), { device: "gpu" }, 'NodeRuntime: device: expected one of "auto", "cpu", '],
  [(o) => new WebRuntime(ort as never, o), { device: "gpu" }, 'WebRuntime: device: expected one of "auto", '],
  [
    (o) => new NodeRuntime(o),
    { threadCount: 1.5 },
    "threadCount: expected a whole number of at least 0, found 1.5.",
  ],
  [(o) => new VaeImageProcessor(o), { doResize: "no" }, 'doResize: expected true or false, found "no".'],
  [
    (o) => new VaeImageProcessor().preprocess(raster, o),
    { resizeMode: "cover" },
    "resizeMode: expected one of",
  ],
  [
    (o) => readImage("a.png", o),
    { alpha: "red" },
    'readImage: alpha: expected one of "white", "black" or "drop"',
  ],
])("%s refuses %j", async (call, options, message) => {
  const found = await failure(call, options);
  expect(found.message).toContain(message);
  expect(found.code).toBe("INVALID_ARGUMENT");
});

test("takes undefined for an option that is left out, and a signal of another realm", async () => {
  const { signal } = new AbortController();
  const foreign = {
    aborted: false,
    addEventListener: signal.addEventListener.bind(signal),
    removeEventListener: signal.removeEventListener.bind(signal),
  };
  await vae.decode(latents, { tiling: undefined, signal: foreign, maxMemoryBytes: undefined } as never);
  expect(Generator.torch(1).randn([1]).shape).toEqual([1]);
});
