/** How each mode of this side runs one half once: from the values of its input to those of its output. */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { as, built } from "./typed.mjs";

/** @typedef {import("./measured-process.mjs").Settings} Settings */
/** @typedef {(input: Float32Array) => Promise<Float32Array>} Run */
/** @typedef {import("../../src/core.ts").CodingPlan} CodingPlan */
/** @typedef {{ run: Run, plan?: () => CodingPlan | undefined }} Runner `plan`: what vaekit chose in its first call */

/**
 * @param {Settings} settings
 * @returns {Promise<Runner>}
 */
export async function runnerOf(settings) {
  switch (settings.mode.kind) {
    case "vaekit":
      return vaekitRun(await openNative(settings), settings);
    case "wasm-vaekit":
      return vaekitRun(await openWeb(settings), settings);
    case "plain":
      return plainNative(settings);
    case "wasm-plain":
      return plainWeb(settings);
    case "diffusers":
      throw new Error("diffusers runs in Python");
  }
}

/** @param {Settings} settings */
async function openNative({ modelFolder, threads }) {
  /** @type {typeof import("../../src/node/index.ts")} */
  const { openVae } = await built("node/index.js");
  return openVae(modelFolder, { device: "cpu", threadCount: threads });
}

/**
 * The model as a browser opens it: over HTTP.
 *
 * @param {Settings} settings
 */
async function openWeb({ modelFolder, threads }) {
  /** @type {typeof import("../../src/web/index.ts")} */
  const { AutoencoderKL } = await built("web/index.js");
  const server = createServer(({ url = "/" }, response) => {
    createReadStream(join(modelFolder, new URL(url, "http://localhost").pathname))
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    return await AutoencoderKL.fromPretrained(`http://127.0.0.1:${port}`, {}, await webRuntime(threads));
  } finally {
    server.close();
  }
}

/**
 * The entry for Node: the same WebAssembly, but with threads, which the browser's entries fetch their code for.
 *
 * @param {number} threads
 */
async function webRuntime(threads) {
  const ort = await import("onnxruntime-web");
  ort.env.wasm.numThreads = threads;
  return ort;
}

/**
 * @param {import("../../src/core.ts").Vae} model
 * @param {Settings} settings
 * @returns {Promise<Runner>}
 */
async function vaekitRun(model, { half, shape, mode, maxMemoryBytes }) {
  /** @type {typeof import("../../src/core.ts")} */
  const { AutoencoderKLOutput, Tensor } = await built("core.js");
  const { tiling = "auto" } = mode;
  const budget = maxMemoryBytes === undefined || tiling === "off" ? {} : { maxMemoryBytes };
  /** @type {CodingPlan | undefined} */
  let first;
  /** @type {import("../../src/core.ts").CodingOptions} */
  const options = {
    tiling,
    ...budget,
    // Told before anything runs; part of the call, as planning is.
    onPlan: (plan) => {
      first ??= plan;
    },
  };
  return {
    plan: () => first,
    run: async (input) => {
      const tensor = Tensor.from(input, shape);
      if (half === "decode") return as((await model.decodeLatents(tensor, options)).sample.data);
      const encoded = await model.encode(tensor, options);
      return encoded instanceof AutoencoderKLOutput
        ? as(encoded.latentDist.parameters.data)
        : encoded.latents().data;
    },
  };
}

/**
 * The plain graph, as an exporter writes it, with the runtime's default options. As in vaekit, the session is made in
 * the first call.
 *
 * @param {Settings} settings
 */
async function plainNative(settings) {
  // As vaekit does.
  process.env["ORT_DISABLE_TELEMETRY"] ??= "1";
  const ort = await import("onnxruntime-node");
  const options = { intraOpNumThreads: settings.threads };
  return plainRun(() => ort.InferenceSession.create(settings.graphFile, options), ort.Tensor, settings);
}

/** @param {Settings} settings */
async function plainWeb(settings) {
  const ort = await webRuntime(settings.threads);
  const create = async () =>
    ort.InferenceSession.create(await readFile(settings.graphFile), { executionProviders: ["wasm"] });
  return plainRun(create, ort.Tensor, settings);
}

/**
 * @param {() => Promise<import("onnxruntime-common").InferenceSession>} create
 * @param {import("onnxruntime-common").TensorConstructor} Tensor
 * @param {Settings} settings
 * @returns {Runner}
 */
function plainRun(create, Tensor, { shape, half }) {
  const [inputName, outputName] =
    half === "encode" ? ["sample", "latent_parameters"] : ["latent_sample", "sample"];
  /** @type {import("onnxruntime-common").InferenceSession | undefined} */
  let session;
  return {
    run: async (input) => {
      session ??= await create();
      const results = await session.run({ [inputName]: new Tensor("float32", input, shape) });
      return /** @type {Float32Array} */ (results[outputName]?.data);
    },
  };
}
