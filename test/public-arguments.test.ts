/**
 * Every export of vaekit takes what it promises, or refuses it with an error of vaekit: never with a raw TypeError.
 * The exports and their methods are walked, so that a new one needs its row here.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import * as core from "../src/core.ts";
import * as vaekit from "../src/node/index.ts";
import * as web from "../src/web/index.ts";
import { savePretrained } from "../src/node/save-pretrained.ts";
import { bytesInMemory } from "../src/tensor/byte-source.ts";
import {
  anything,
  describeRows,
  methodsOfClass,
  options,
  optional,
  row,
  rowsNeeded,
  values,
  type Callable,
  type Rows,
} from "./argument-rows.ts";
import { fixturePath } from "./conformance/fixtures.ts";
import { dcRows } from "./dc-argument-rows.ts";
import { classRows } from "./class-argument-rows.ts";
import { vqRows } from "./vq-argument-rows.ts";
import { latentsRows } from "./latents-argument-rows.ts";
import { autoencoderKL } from "../src/models/index.ts";
import { Autoencoder, Mlp, runtimes } from "./small-models.ts";

const { Tensor, DiagonalGaussianDistribution, VaeImageProcessor, Generator } = vaekit;
const folder = mkdtempSync(join(tmpdir(), "vaekit-arguments-"));
const vae = Autoencoder.of(runtimes["Node"]!());
const mlp = Mlp.of(runtimes["Node"]!());
const runtime = runtimes["Node"]!();
const webRuntime = runtimes["web"]!();
const saved = await vaekit.AutoencoderKL.fromPretrained(fixturePath("models/one-level"), { device: "cpu" });
afterAll(async () => {
  await Promise.all([vae, mlp, runtime, webRuntime, saved].map((each) => each.dispose()));
  rmSync(folder, { recursive: true });
});

const posterior = new DiagonalGaussianDistribution(Tensor.zeros([1, 8, 2, 2]));
const raster = { width: 8, height: 8, channels: 3, data: new Uint8Array(192) } as const;
const latents = Tensor.zeros([1, 4, 2, 2]);
const config = vaekit.completeConfig({});
const graph = vae.graph("decoder", { batch: 1, height: 1, width: 1 });
const torch = Generator.torch(1);
const philox = Generator.philox(1);
const path = join(folder, "a.bin");
const picturePath = fixturePath("models/one-level/config.json");
const origin = { images: ["a.png"], width: 8, height: 8 };
const latentsPath = join(folder, "latents.safetensors");
await vaekit.writeSafetensorsFile(latentsPath, new Map([["latents", latents]]));
const pictureFiles = (): Promise<vaekit.PictureFiles> => vaekit.PictureFiles.find([picturePath]);
/** A text is a path: writers get it in the folder of this test. */
const placed = (value: unknown): never => (value === values.text ? join(folder, "7") : value) as never;

/** By export, or by class and method; several of one differ by what follows the colon. */
const rows: Rows = {
  print: row((x) => vaekit.print(x)),
  verify: row((x) => {
    vaekit.verify(x);
  }),
  encodeModel: row((x) => vaekit.encodeModel(x, () => ({ bytes: new Uint8Array() }))),
  "encodeModel: placement": row((x) => vaekit.encodeModel(graph, x)),

  toGrayscale: row((x) => vaekit.toGrayscale(x)),
  toRgb: row((x) => vaekit.toRgb(x)),
  toRgba: row((x) => vaekit.toRgba(x)),
  resizeRaster: row((x) => vaekit.resizeRaster(x, 4, 4)),
  "resizeRaster: width": row((x) => vaekit.resizeRaster(raster, x, 4)),
  "resizeRaster: height": row((x) => vaekit.resizeRaster(raster, 4, x)),
  "resizeRaster: options": options((x) => vaekit.resizeRaster(raster, 4, 4, x)),
  "resizeRaster: resample": optional((x) => vaekit.resizeRaster(raster, 4, 4, { resample: x })),
  "resizeRaster: window": optional((x) => vaekit.resizeRaster(raster, 4, 4, { window: x })),
  "resizeRaster: columns": optional((x) => vaekit.resizeRaster(raster, 4, 4, { columns: x })),
  "resizeRaster: rows": optional((x) => vaekit.resizeRaster(raster, 4, 4, { rows: x })),
  VaeImageProcessor: options((x) => new VaeImageProcessor(x)),
  "VaeImageProcessor.preprocess": row((x) => new VaeImageProcessor().preprocess(x)),
  "VaeImageProcessor.preprocess: options": options((x) => new VaeImageProcessor().preprocess(raster, x)),
  "VaeImageProcessor.postprocess": row((x) => new VaeImageProcessor().postprocess(x)),
  meanSquaredError: row((x) => vaekit.meanSquaredError(x, raster)),
  psnr: row((x) => vaekit.psnr(raster, x)),
  ssim: row((x) => vaekit.ssim(x, raster)),
  differencePicture: row((x) => vaekit.differencePicture(x, raster)),
  "differencePicture: gain": optional((x) => vaekit.differencePicture(raster, raster, x), "fraction"),
  contactSheet: row((x) => vaekit.contactSheet(x)),
  "contactSheet: options": options((x) => vaekit.contactSheet([raster], x)),
  latentPicture: row((x) => vaekit.latentPicture(x)),
  "latentPicture: options": options((x) => vaekit.latentPicture(latents, x)),
  readImage: row((x) => vaekit.readImage(x)),
  "readImage: options": options(async (x) => vaekit.readImage(await vaekit.encodePng(raster), x)),
  encodePng: row((x) => vaekit.encodePng(x)),
  encodeImage: row((x) => vaekit.encodeImage(x, "a.png")),
  "encodeImage: path": row((x) => vaekit.encodeImage(raster, x)),
  OutputFiles: optional((x) => new vaekit.OutputFiles(x), "list"),
  "OutputFiles.claim": row((x) => new vaekit.OutputFiles().claim(x), "text"),
  "OutputFiles.claimFolder": row((x) => new vaekit.OutputFiles().claimFolder(x), "text"),
  "OutputFiles.keep": row(
    (x) => {
      new vaekit.OutputFiles().keep(x, "an input");
    },
    "text",
    "empty text",
  ),
  "OutputFiles.keep: role": row((x) => {
    new vaekit.OutputFiles().keep(path, x);
  }, "text"),
  "OutputFiles.write": row((x) => new vaekit.OutputFiles().write(x, "")),
  "OutputFiles.write: content": row(
    async (x) => {
      const outputs = new vaekit.OutputFiles();
      await outputs.claim(path);
      await outputs.write(path, x);
    },
    "empty text",
    "text",
    "list",
    "Map",
  ),
  removePartialFiles: row(
    () => {
      vaekit.removePartialFiles();
    },
    ...anything,
  ),
  latentsMetadata: row((x) => vaekit.latentsMetadata(x, origin)),
  "latentsMetadata: origin": row((x) => vaekit.latentsMetadata(vae, x)),
  "latentsMetadata: images": row((x) => vaekit.latentsMetadata(vae, { ...origin, images: x }), "list"),
  "latentsMetadata: seed": optional(
    (x) => vaekit.latentsMetadata(vae, { ...origin, seed: x }),
    "fraction",
    "negative",
  ),
  readLatents: row((x) => vaekit.readLatents(x, vae)),
  "readLatents: vae": row((x) => vaekit.readLatents(latentsPath, x)),
  "readLatents: options": options((x) => vaekit.readLatents(latentsPath, vae, x)),
  "readLatents: packed": optional((x) => vaekit.readLatents(latentsPath, vae, { packed: x })),
  saturationWarning: row((x) => vaekit.saturationWarning(x, "a model")),
  compareWeights: row((x) => vaekit.compareWeights(x), "text"),
  "compareWeights: options": options((x) => vaekit.compareWeights(fixturePath("models/one-level"), x)),
  modelPlaceOf: row((x) => vaekit.modelPlaceOf(x)),
  leftOutText: row((x) => vaekit.leftOutText(x), "object", "list", "list of nulls", "Map"),
  "PictureFiles.find": row((x) => vaekit.PictureFiles.find(x)),
  "PictureFiles.find: options": options((x) => vaekit.PictureFiles.find([picturePath], x)),
  "PictureFiles.checkAhead": row(async (x) => (await pictureFiles()).checkAhead(x), "function"),
  "PictureFiles.read": row(async (x) => (await pictureFiles()).read(x).next(), "function"),
  "encodeImage: options": options((x) => vaekit.encodeImage(raster, "a.png", x)),

  ...latentsRows,
  ...dcRows,
  ...vqRows(placed),
  ...classRows(placed),

  completeConfig: row((x) => vaekit.completeConfig(x), "object", "Map"),
  parseConfig: row((x) => vaekit.parseConfig(x, "config.json"), "object", "Map"),
  formatConfig: row((x) => vaekit.formatConfig(x)),
  "formatConfig: key": row((x) => vaekit.formatConfig({ ...config, normNumGroups: x })),
  parameterShapes: row((x) => vaekit.parameterShapes(x)),
  "parameterShapes: key": row((x) => vaekit.parameterShapes({ ...config, blockOutChannels: x })),
  spatialFactor: row((x) => vaekit.spatialFactor(x)),
  inferConfig: row((x) => vaekit.inferConfig(x)),
  "inferConfig: tensor": row((x) => vaekit.inferConfig(new Map([["encoder.conv_in.weight", x]]))),
  "inferConfig: family": row((x) => vaekit.inferConfig(new Map(), x)),

  "Generator.torch": row((x) => Generator.torch(x), "negative"),
  "Generator.philox": row((x) => Generator.philox(x), "negative"),
  "TorchGenerator.setState": row((x) => {
    Generator.torch(1).setState(x);
  }),
  "TorchGenerator.fillUniform": row((x) => {
    torch.fillUniform(x);
  }),
  "TorchGenerator.fillNormal": row((x) => {
    torch.fillNormal(x);
  }),
  "PhiloxGenerator.setState": row((x) => {
    Generator.philox(1).setState(x);
  }),
  "PhiloxGenerator.stream": row((x) => philox.stream(x), "negative"),
  "PhiloxGenerator.fillUniform": row((x) => {
    philox.fillUniform(x);
  }),
  "PhiloxGenerator.fillNormal": row((x) => {
    philox.fillNormal(x);
  }),
  "BaseGenerator.randn": row((x) => torch.randn(x), "list"),
  "BaseGenerator.randn: dtype": optional((x) => torch.randn([1], x)),
  "BaseGenerator.rand": row((x) => philox.rand(x), "list"),
  "BaseGenerator.uniform": row((x) => torch.uniform(x, 0, 1), "list"),
  "BaseGenerator.uniform: low": row((x) => torch.uniform([1], x, 2), "fraction", "negative"),
  "BaseGenerator.normal": row((x) => torch.normal(x, 0, 1), "list"),
  "BaseGenerator.normal: std": row((x) => torch.normal([1], 0, x), "fraction"),
  "BaseGenerator.randint": row((x) => torch.randint(x, 9, [1]), "negative"),
  "BaseGenerator.randint: shape": row((x) => torch.randint(0, 9, x), "list"),
  "BaseGenerator.randperm": row((x) => torch.randperm(x)),
  "BaseGenerator.bernoulli": row((x) => torch.bernoulli(x)),
  "BaseGenerator.bernoulli: shape": row((x) => torch.bernoulli(0.5, x), "list"),
  "BaseGenerator.exponential": row((x) => torch.exponential(x), "list"),
  "BaseGenerator.exponential: rate": optional((x) => torch.exponential([1], x), "fraction"),

  "Tensor.from": row((x) => Tensor.from(x, [1])),
  "Tensor.from: shape": row((x) => Tensor.from(new Float32Array(1), x), "list"),
  "Tensor.zeros": row((x) => Tensor.zeros(x), "list"),
  "Tensor.zeros: dtype": optional((x) => Tensor.zeros([1], x)),
  "Tensor.equals": row((x) => latents.equals(x), ...anything),
  "Tensor.reshape": row((x) => latents.reshape(x)),
  "Tensor.toFloat": row((x) => latents.toFloat(x)),
  encodeSafetensors: row((x) => vaekit.encodeSafetensors(x), "list", "Map"),
  "encodeSafetensors: tensor": row((x) => vaekit.encodeSafetensors([["a", x]])),
  "encodeSafetensors: name": row((x) => vaekit.encodeSafetensors([[x, latents]]), "text", "empty text"),
  "encodeSafetensors: metadata": optional((x) => vaekit.encodeSafetensors([], x), "object"),
  "encodeSafetensors: metadata's value": row(
    (x) => vaekit.encodeSafetensors([], { a: x }),
    "text",
    "empty text",
  ),
  parseSafetensors: row((x) => vaekit.parseSafetensors(x)),
  "parseSafetensors: options": options((x) => vaekit.parseSafetensors(safetensors(), x)),
  "parseSafetensors: select": optional(
    (x) => vaekit.parseSafetensors(safetensors(), { select: x }),
    "function",
  ),
  readTensor: row((x) => vaekit.readTensor(x)),

  "AutoencoderKL.fromPretrained": row((x) => vaekit.AutoencoderKL.fromPretrained(x)),
  "AutoencoderKL.fromSingleFile": row((x) => vaekit.AutoencoderKL.fromSingleFile(x)),
  "AutoencoderKL.fromConfig": row((x) => vaekit.AutoencoderKL.fromConfig(x), "object", "Map"),
  "AutoencoderKL.default": optional(
    async (x) => (await vaekit.AutoencoderKL.default(x)).dispose(),
    "object",
    "Map",
  ),
  "AutoencoderKL.savePretrained": row((x) => saved.savePretrained(placed(x)), "text"),
  registerModel: row((x) => {
    vaekit.registerModel(x);
  }),
  "registerModel: config": row((x) => {
    vaekit.registerModel({ ...autoencoderKL, className: "Another", aliases: [], config: x });
  }),
  "registerModel: className": row((x) => {
    vaekit.registerModel({ ...autoencoderKL, className: x, aliases: [] });
  }, "text"),
  modelNamed: row((x) => vaekit.modelNamed(x), ...anything),
  parseModelConfig: row((x) => vaekit.parseModelConfig(x, "config.json"), "object", "Map"),
  latentsWithoutPosterior: row((x) => vaekit.latentsWithoutPosterior("Output", x)),
  "latentsWithoutPosterior: options": options((x) => vaekit.latentsWithoutPosterior("Output", latents, x)),
  "AutoencoderKLOutput.latents": options((x) =>
    new vaekit.AutoencoderKLOutput({ latentDist: posterior }).latents(x),
  ),
  "Vae.encode": row((x) => vae.encode(x)),
  "Vae.encode: rows": row((x) => mlp.encode(x)),
  "Vae.encode: options": options((x) => vae.encode(Tensor.zeros([1, 3, 2, 2]), x)),
  "Vae.decodeDistribution": row((x) => mlp.decodeDistribution(x)),
  "Vae.decodeDistribution: options": options((x) => mlp.decodeDistribution(Tensor.zeros([1, 2]), x)),
  "Vae.decode": row((x) => vae.decode(x)),
  "Vae.decode: rows": row((x) => mlp.decode(x)),
  compareLatentSpaces: row((x) => vaekit.compareLatentSpaces(x, raster)),
  "compareLatentSpaces: picture": row((x) => vaekit.compareLatentSpaces([vae, vae], x)),
  "compareLatentSpaces: options": options((x) => vaekit.compareLatentSpaces([vae, vae], raster, x)),
  "Vae.decodeLatents": row((x) => vae.decodeLatents(x)),
  "Vae.forward": row((x) => mlp.forward(x)),
  "Vae.reconstruct": row(
    (x) => mlp.forward(Tensor.zeros([1, 6]), x),
    "undefined",
    "object",
    "Map",
    "function",
  ),
  "Vae.preprocess": row((x) => vae.preprocess(x)),
  "Vae.preprocess: options": options((x) => vae.preprocess(raster, x)),
  "Vae.preprocess: size": optional((x) => vae.preprocess(raster, { size: x })),
  "Vae.postprocess": row((x) => vae.postprocess(x)),
  "Vae.encodeImage": row((x) => vae.encodeImage(x)),
  "Vae.encodeImage of a platform": row((x) => saved.encodeImage(x)),
  "Vae.encodeImage: options": options((x) => vae.encodeImage(raster, x)),
  "Vae.encodeImage: size": optional((x) => vae.encodeImage(raster, { size: x })),
  "Vae.decodeImage": row((x) => vae.decodeImage(x)),
  "Vae.decodeImage: options": options((x) => vae.decodeImage(latents, x)),
  "AutoencoderKL.decodeImage": row((x) => vae.decodeImage(x)),
  "DescribedVae.normalizeLatents: rows": row((x) => mlp.normalizeLatents(x)),
  "AutoencoderKLModel.forward": row((x) => vae.forward(x)),
  "DescribedVae.normalizeLatents": row((x) => vae.normalizeLatents(x)),
  "DescribedVae.denormalizeLatents": row((x) => vae.denormalizeLatents(x)),
  "DescribedVae.graph": row((x) => vae.graph(x, { batch: 1, height: 2, width: 2 })),
  "DescribedVae.graph: size": row((x) => vae.graph("encoder", x)),
  "Vae.warmUp": options((x) => vae.warmUp(x)),
  "Vae.warmUp: size": optional((x) => vae.warmUp({ size: x })),
  "Vae.exportOnnx: half": row((x) => vae.exportOnnx(x, { batch: 1, height: 2, width: 2 })),
  "Vae.plan: half": row((x) => vae.plan(x, { batch: 1, height: 2, width: 2 })),
  "Vae.exportOnnx": row((x) => vae.exportOnnx("encoder", x)),
  "Vae.plan": row((x) => vae.plan("encoder", x)),
  "MlpVae.isAt": row((x) => vaekit.MlpVae.isAt(x), ...anything),
  openVae: row((x) => vaekit.openVae(x)),
  "openVae: encoder": row((x) => vaekit.openVae({ encoder: x })),
  "openVae: options": options((x) => vaekit.openVae(fixturePath("models/one-level"), x)),
  "MlpVae.savePretrained": row((x) => savePretrained(mlp, placed(x)), "text"),
  "MlpVae.fromPretrained": row((x) => vaekit.MlpVae.fromPretrained(x)),
  NodeRuntime: options((x) => new vaekit.NodeRuntime(x)),
  "NodeRuntime.createSession": row((x) => runtime.createSession(x)),
  openFileSource: row((x) => vaekit.openFileSource(x)),
  writeFileAtomic: row((x) => vaekit.writeFileAtomic(placed(x), "a"), "text"),
  "writeFileAtomic: content": row(
    (x) => vaekit.writeFileAtomic(path, x),
    "text",
    "empty text",
    "list",
    "Map",
  ),
  "writeFileAtomic: options": options((x) => vaekit.writeFileAtomic(path, "a", x)),
  "writeFileAtomic: kept": optional((x) => vaekit.writeFileAtomic(path, "a", { kept: x })),
  readSafetensorsFile: row((x) => vaekit.readSafetensorsFile(x)),
  writeSafetensorsFile: row((x) => vaekit.writeSafetensorsFile(placed(x), new Map()), "text"),
  "writeSafetensorsFile: tensors": row((x) => vaekit.writeSafetensorsFile(path, x), "list", "Map"),

  "openVae: web": row((x) => web.openVae(x)),
  "openVae: web's options": row((x) => web.openVae("http://127.0.0.1:1/vae", x)),
  "web.AutoencoderKL.fromPretrained": row((x) => web.AutoencoderKL.fromPretrained(x, { ort: x } as never)),
  WebRuntime: row((x) => new web.WebRuntime(x)),
  "WebRuntime.createSession": row((x) => webRuntime.createSession(x)),
};

/** The smallest file: no tensors. */
const safetensors = (): ReturnType<typeof bytesInMemory> => {
  const [header] = vaekit.encodeSafetensors([]);
  return bytesInMemory(header!);
};

describeRows(rows);

test.each(Object.entries({ core, node: vaekit, web }))("every export of %s has its rows", (_, exports) => {
  const generators = [torch, philox].map((each) => each.constructor as unknown as Callable);
  const needed = [
    ...Object.entries(exports).flatMap(([name, value]) => rowsNeeded(name, value)),
    ...generators.flatMap(methodsOfClass),
  ];
  expect(needed.length).toBeGreaterThan(50);
  expect(needed.filter((name) => !(name in rows))).toEqual([]);
});
