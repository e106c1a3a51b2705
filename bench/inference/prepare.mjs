/**
 * What the measured processes read: `node prepare.mjs REQUEST`. In a process of its own, because exporting a graph
 * needs memory that no measurement should count.
 */
import { existsSync, readFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { built, parseJson } from "./typed.mjs";

/**
 * @typedef {object} Request
 * @property {string} modelFolder
 * @property {boolean} isRandom whether to make the model if it is not there
 * @property {import("./modes.mjs").Half} half
 * @property {number} side
 * @property {string} inputFile
 * @property {string} [graphFile] where the plain graph goes, if it is needed
 */

/** The architecture of FLUX.1's autoencoder. @type {Partial<import("../../src/core.ts").AutoencoderKLConfig>} */
const fluxConfig = {
  blockOutChannels: [128, 256, 512, 512],
  downBlockTypes: Array(4).fill("DownEncoderBlock2D"),
  upBlockTypes: Array(4).fill("UpDecoderBlock2D"),
  layersPerBlock: 2,
  latentChannels: 16,
  sampleSize: 1024,
  scalingFactor: 0.3611,
  shiftFactor: 0.1159,
  useQuantConv: false,
  usePostQuantConv: false,
};

/** @type {typeof import("../../src/node/index.ts")} */
const { AutoencoderKL, Generator, formatConfig } = await built("node/index.js");

/**
 * @param {Request} request
 * @returns {Promise<number[]>} the input's shape
 */
async function prepare({ modelFolder, isRandom, half, side, inputFile, graphFile }) {
  if (isRandom) await makeRandomModel(modelFolder);
  const model = await AutoencoderKL.fromPretrained(modelFolder);
  const shape =
    half === "encode"
      ? [1, model.config.inChannels, side, side]
      : [1, model.config.latentChannels, side / model.spatialFactor, side / model.spatialFactor];
  const input = Generator.philox(1).randn(shape).data;
  // Pictures end at ±1.
  await writeFile(inputFile, half === "encode" ? input.map((value) => Math.tanh(value)) : input);
  const [batch = 1, , height = 0, width = 0] = shape;
  if (graphFile !== undefined)
    await writeFile(
      graphFile,
      await model.exportOnnx(half === "encode" ? "encoder" : "decoder", { batch, height, width }),
    );
  await model.dispose();
  return shape;
}

/**
 * Makes the model once; later runs find it.
 *
 * @param {string} folder
 */
async function makeRandomModel(folder) {
  const model = AutoencoderKL.fromConfig(fluxConfig, { generator: Generator.philox(0) });
  const configFile = join(folder, "config.json");
  if (existsSync(configFile) && readFileSync(configFile, "utf8") === formatConfig(model.config)) return;
  const partial = `${folder}.${process.pid}`;
  await model.savePretrained(partial);
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}

/** @type {Request} */
const request = parseJson(process.argv[2] ?? "{}");
process.stdout.write(JSON.stringify(await prepare(request)));
