/** Rows of arguments for the ways in which each class opens its own. */
import { afterAll } from "vitest";
import * as vaekit from "../src/node/index.ts";
import { optional, row, values, type Rows } from "./argument-rows.ts";

const fewChannels = { baseDim: 4, dimMult: [1], numResBlocks: 1, temperalDownsample: [] };
const oneStage = {
  encoderBlockOutChannels: [4],
  numEncoderBlocks: [1],
  decoderBlockOutChannels: [4],
  numDecoderBlocks: [1],
};
const oneLevel = {
  downBlockTypes: ["DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D"],
  blockOutChannels: [4],
  normNumGroups: 2,
};
const oneWideLevel = {
  blockOutChannels: [32],
  latentChannels: 4,
  layersPerBlock: 1,
  spatialCompressionRatio: 1,
};
const oneBlock = {
  encoderBlockTypes: "ResBlock",
  decoderBlockTypes: "ResBlock",
  encoderBlockOutChannels: [4],
  decoderBlockOutChannels: [4],
  encoderLayersPerBlock: [1],
  decoderLayersPerBlock: [1],
  encoderQkvMultiscales: [[]],
  decoderQkvMultiscales: [[]],
  latentChannels: 4,
};

/** Each class with a config of few weights: an empty one is that of the published model, of up to 300 million. */
const classes = {
  AutoencoderDC: oneBlock,
  AutoencoderKLFlux2: oneLevel,
  AutoencoderKLHunyuanImage: oneWideLevel,
  AutoencoderKLQwenImage: fewChannels,
  AutoencoderKLQwenImage21: fewChannels,
  AutoencoderKLWan: fewChannels,
  AutoencoderTiny: oneStage,
};

/** @param placed puts a text, which is a path, into a folder of the test. */
export const classRows = (placed: (value: unknown) => never): Rows => ({
  ...openingRows(placed),
  "AutoencoderKLFlux2Model.forward": row((x) => flux2.forward(x)),
  "AutoencoderTiny.default": optional(
    async (x) => (await vaekit.AutoencoderTiny.default(x)).dispose(),
    "object",
    "Map",
  ),
  "AutoencoderTinyModel.scaleLatents": row((x) => tiny.scaleLatents(x)),
  "AutoencoderTinyModel.unscaleLatents": row((x) => tiny.unscaleLatents(x)),
});

const flux2 = vaekit.AutoencoderKLFlux2.fromConfig(oneLevel as never, { device: "cpu" });
const tiny = vaekit.AutoencoderTiny.fromConfig(oneStage, { device: "cpu" });
afterAll(() => Promise.all([flux2.dispose(), tiny.dispose()]));

const openingRows = (placed: (value: unknown) => never): Rows =>
  Object.fromEntries(
    Object.entries(classes).flatMap(([name, small]) => Object.entries(rowsOf(name as Name, small, placed))),
  );

type Name = keyof typeof classes;

function rowsOf(name: Name, small: object, placed: (value: unknown) => never): Rows {
  const owner = vaekit[name];
  const vae = owner.fromConfig(small, { device: "cpu" });
  afterAll(() => vae.dispose());
  const filled = (value: unknown): never =>
    (value === values.object || value === values.Map ? small : value) as never;
  return {
    [`${name}.fromPretrained`]: row((x) => owner.fromPretrained(x)),
    [`${name}.fromSingleFile`]: row((x) => owner.fromSingleFile(x)),
    [`${name}.fromConfig`]: row((x) => owner.fromConfig(filled(x)), "object", "Map"),
    [`${name}.savePretrained`]: row((x) => vae.savePretrained(placed(x)), "text"),
    [`${name}.decodeImage`]: row((x) => vae.decodeImage(x)),
  };
}
