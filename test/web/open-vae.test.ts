/** openVae in the browser: any class, or half a model, from the URL of its folder; pictures in memory. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as ortWeb from "onnxruntime-web/wasm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mlpVae, pytorchExamplesMlpVae } from "../../src/models/index.ts";
import { Generator, readSafetensorsFile, writeSafetensorsFile } from "../../src/node/index.ts";
import { AutoencoderKL, openVae, Tensor, type FromPretrainedOptions } from "../../src/web/index.ts";
import { saveTinyModel, temporaryFolder } from "../cli/run-cli.ts";

// Counting the cores is the one thing that the WebAssembly build cannot do in Node.
ortWeb.env.wasm.numThreads = 1;

const weightsName = "diffusion_pytorch_model.safetensors";
const asked: string[] = [];
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let origin: string;
const server = createServer((request, response) => {
  asked.push(request.url!);
  readFile(join(folder.path, request.url!)).then(
    (bytes) => response.end(bytes),
    () => response.writeHead(404).end(),
  );
});

beforeAll(async () => {
  folder = await temporaryFolder();
  const at = (...names: string[]): string => join(folder.path, ...names);
  await saveTinyModel(at("kl"));
  await mkdir(at("decoder"));
  await writeFile(at("decoder", "config.json"), await readFile(at("kl", "config.json")));
  const { tensors } = await readSafetensorsFile(at("kl", weightsName));
  const ofDecoder = [...tensors].filter(([name]) => /^(decoder|post_quant_conv)\./.test(name));
  await writeSafetensorsFile(at("decoder", weightsName), ofDecoder);
  await mkdir(at("mlp"));
  await writeFile(at("mlp", "config.json"), mlpVae.config.format(pytorchExamplesMlpVae));
  const weights = mlpVae.initialize(pytorchExamplesMlpVae, Generator.torch(0));
  await writeSafetensorsFile(at("mlp", weightsName), weights);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await folder.remove();
});

const latents = Generator.torch(1).randn([1, 4, 2, 2]);

test("takes the class that config.json names", async () => {
  await using kl = await openVae(`${origin}/kl`);
  expect(kl).toBeInstanceOf(AutoencoderKL);
  await using mlp = await openVae(new URL(`${origin}/mlp`));
  expect(mlp.className).toBe("MlpVae");
  expect((await mlp.decode(Generator.torch(1).randn([2, 20]))).sample.shape).toEqual([2, 784]);
});

test("opens half a model, which says what it cannot do", async () => {
  await using half = await openVae(`${origin}/decoder`);
  await using whole = await AutoencoderKL.fromPretrained(`${origin}/kl`);
  expect((await half.decode(latents)).equals(await whole.decode(latents))).toBe(true);
  await expect(half.encode(Tensor.zeros([1, 3, 8, 8]))).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringContaining("encode needs the encoder; this model is its decoder alone") as string,
  });
  await expect(AutoencoderKL.fromPretrained(`${origin}/decoder`)).rejects.toMatchObject({
    code: "WEIGHTS_MISMATCH",
    message: expect.stringContaining("found its decoder alone. openVae opens a half") as string,
  });
});

test("encodes an ImageData's samples and a raster, bit for bit as the long way, and decodes to a picture", async () => {
  await using vae = await openVae(`${origin}/kl`);
  const data = Uint8ClampedArray.from({ length: 4 * 16 * 24 }, (_, i) =>
    i % 4 === 3 ? 255 : (i * 31) % 256,
  );
  const opaque = Uint8Array.from(data.filter((_, i) => i % 4 !== 3));
  const raster = { width: 24, height: 16, channels: 3, data: opaque } as const;
  const z = await vae.encodeImage({ width: 24, height: 16, data });
  const encoded = await vae.encode(vae.preprocess(raster));
  expect(z.equals(vae.normalizeLatents(encoded.latents()))).toBe(true);
  expect((await vae.encodeImage(raster)).equals(z)).toBe(true);
  const picture = await vae.decodeImage(z);
  const [expected] = vae.postprocess((await vae.decode(vae.denormalizeLatents(z))).sample);
  expect(picture.data).toEqual(expected!.data);
  expect(picture.toRgba()).toHaveLength(4 * 24 * 16);
});

test.each([
  ["a path", "photo.png", "INVALID_ARGUMENT", /Of an address, fetch it and pass await response\.blob\(\)/],
  // Node has no decoder of a browser.
  ["bytes", new Uint8Array(4), "UNSUPPORTED", /need createImageBitmap and OffscreenCanvas/],
  ["a Blob", new Blob(["x"]), "UNSUPPORTED", /In Node, import vaekit\/node/],
])("refuses %s as a picture, where it cannot be read", async (_, source, code, message) => {
  await using vae = await openVae(`${origin}/kl`);
  await expect(vae.encodeImage(source)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as string,
  });
});

test("of another class says which it is before its weights are fetched", async () => {
  asked.length = 0;
  await expect(AutoencoderKL.fromPretrained(`${origin}/mlp`)).rejects.toMatchObject({
    code: "INVALID_CONFIG",
    message: `${origin}/mlp/config.json: expected an AutoencoderKL, found a model of the class MlpVae. openVae opens it, as every class that vaekit reads.`,
  });
  expect(asked).toEqual(["/mlp/config.json"]);
});

test.each<[unknown, object, string, RegExp]>([
  [
    "https://host.test/vae",
    { revision: "main" },
    "INVALID_ARGUMENT",
    /^openVae: revision: it is for models of the hub, found folders/,
  ],
  [7, {}, "INVALID_ARGUMENT", /^openVae: expected a hub id, the URL of a folder .* found 7/],
  ["https://host.test/vae", { devise: "cpu" }, "INVALID_ARGUMENT", /^openVae: unknown option devise/],
  ["https://host.test/vae", { runtime: {} }, "INVALID_ARGUMENT", /^openVae: runtime: expected a runtime of/],
])("refuses %j with %j", async (url, options, code, message) => {
  await expect(openVae(url as string, options as FromPretrainedOptions)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as string,
  });
});
