/**
 * What the measured processes read: `node prepare.mjs REQUEST`. In a process of its own, because exporting a graph
 * needs memory that no measurement should count.
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { built, parseJson } from "./typed.mjs";

/**
 * @typedef {object} Request
 * @property {string} modelFolder
 * @property {object} [config] of the random weights that are made if they are not there
 * @property {import("./modes.mjs").Half} half
 * @property {number} side
 * @property {string} inputFile
 * @property {string} [graphFile] where the plain graph goes, if it is needed
 */

/** @type {typeof import("../../src/node/index.ts")} */
const { Generator, openVae, parseModelConfig, writeSafetensorsFile } = await built("node/index.js");

/**
 * @param {Request} request
 * @returns {Promise<number[]>} the input's shape
 */
async function prepare({ modelFolder, config, half, side, inputFile, graphFile }) {
  if (config !== undefined) await makeRandomModel(modelFolder, config);
  const model = await openVae(modelFolder);
  const { inChannels, latentChannels } = model.facts;
  const shape =
    half === "encode"
      ? [1, inChannels, side, side]
      : [1, latentChannels, side / model.spatialFactor, side / model.spatialFactor];
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
 * @param {object} json
 */
async function makeRandomModel(folder, json) {
  const { model, config } = await parseModelConfig(json, "config.json");
  const text = model.config.format(config);
  const configFile = join(folder, "config.json");
  if (existsSync(configFile) && readFileSync(configFile, "utf8") === text) return;
  const partial = `${folder}.${process.pid}`;
  await mkdir(partial, { recursive: true });
  await writeFile(join(partial, "config.json"), text);
  const buffers = [...(model.buffers?.(config) ?? [])].map(
    ([name, { fresh }]) => /** @type {const} */ ([name, fresh]),
  );
  const weights = new Map([...model.initialize(config, Generator.philox(0)), ...buffers]);
  await writeSafetensorsFile(join(partial, "diffusion_pytorch_model.safetensors"), weights);
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}

/** @type {Request} */
const request = parseJson(process.argv[2] ?? "{}");
process.stdout.write(JSON.stringify(await prepare(request)));
