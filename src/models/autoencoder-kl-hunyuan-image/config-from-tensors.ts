/** The config of weights that come without one: what their shapes say, and the one published model's scaling. */
import { VaekitError } from "../../errors.ts";
import { describeFound } from "../config-checks.ts";
import { readKeys, refuseContradictions, type ReadKeys } from "../config-keys.ts";
import { Shapes } from "../infer-blocks.ts";
import type { GivenSources, ParsedConfig, TensorShapes } from "../model.ts";
import type { Half } from "../parameters.ts";
import {
  completedHunyuanImage,
  hunyuanImage21,
  hunyuanImageTable,
  type AutoencoderKLHunyuanImageConfig,
} from "./config.ts";

type Config = AutoencoderKLHunyuanImageConfig;

const halves = ["encoder", "decoder"] as const;
const listOf = { encoder: "encoder.down_blocks", decoder: "decoder.up_blocks" } as const;

const isThere = (tensors: TensorShapes, half: Half): boolean =>
  tensors.has(`${half}.mid_block.attentions.0.norm.weight`) &&
  tensors.get(`${listOf[half]}.0.conv1.weight`)?.shape.length === 4;

/** Whether the tensors are of the class, or of one half of it: blocks in one list, and attention of its names. */
export const areHunyuanImageTensors = (tensors: TensorShapes): boolean =>
  halves.some((half) => isThere(tensors, half));

/** @throws INVALID_CONFIG when nothing says the scaling, or the caller contradicts the shapes; WEIGHTS_MISMATCH */
export function hunyuanImageFromTensors(
  tensors: TensorShapes,
  { as, config: given }: GivenSources,
  subject: string,
): ParsedConfig<Config> {
  if (as !== undefined) {
    const message = `${subject}: \`as\` names a family of AutoencoderKLs, found ${describeFound(as)} for an AutoencoderKLHunyuanImage. Leave it out.`;
    throw new VaekitError("INVALID_CONFIG", message);
  }
  const read: Omit<ReadKeys<Config>, "isWhole"> = given === undefined
    ? { values: {}, warnings: [] }
    : readKeys(given.json, given.subject, given.isFile ? "given file" : "object", hunyuanImageTable);
  const shapes = new Shapes(tensors, subject, "AutoencoderKLHunyuanImage");
  const there = halves.filter((half) => isThere(tensors, half));
  const said = Object.assign({}, ...there.map((half) => keysOfHalf(shapes, half))) as Partial<Config>;
  refuseContradictions<Config>(said, Object.keys(said) as (keyof Config)[], read.values, subject);
  const alone = { inChannels: said.outChannels ?? 3, outChannels: said.inChannels ?? 3 };
  const config = completedHunyuanImage({ ...alone, ...said, ...read.values }, subject);
  const isPublished = config.latentChannels === hunyuanImage21.latentChannels;
  if (isPublished || read.values.scalingFactor !== undefined) return { config, warnings: read.warnings };
  const message = `${subject} has ${config.latentChannels} latent channels, as no published model has: scaling_factor is not in the file. Pass \`config\`.`;
  throw new VaekitError("INVALID_CONFIG", message);
}

/** Every level but the last ends with a change of resolution. */
function keysOfHalf(shapes: Shapes, half: Half): Partial<Config> {
  const widths: number[] = [];
  const blocks: number[] = [];
  let count = 0;
  for (let place = 0; ; place++) {
    const conv1 = shapes.tensors.get(`${listOf[half]}.${place}.conv1.weight`)?.shape;
    if (conv1 !== undefined) {
      if (count++ === 0) widths.push(conv1[0]!);
      continue;
    }
    blocks.push(count);
    count = 0;
    if (!shapes.tensors.has(`${listOf[half]}.${place}.conv.weight`)) break;
  }
  const [layers] = blocks;
  if (layers === undefined || layers === 0 || blocks.some((each) => each !== layers)) {
    throw shapes.mismatch(
      `the same number of residual blocks in every ${half} level, found [${blocks.join(", ")}]`,
    );
  }
  const [conv, isEncoder] = [`${half}.conv_in.weight`, half === "encoder"];
  return {
    blockOutChannels: isEncoder ? widths : widths.toReversed(),
    layersPerBlock: isEncoder ? layers : layers - 1,
    spatialCompressionRatio: 2 ** (widths.length - 1),
    ...(isEncoder
      ? { inChannels: shapes.of(conv)[1]!, latentChannels: shapes.of("encoder.conv_out.weight")[0]! / 2 }
      : { outChannels: shapes.of("decoder.conv_out.weight")[0]!, latentChannels: shapes.of(conv)[1]! }),
  };
}
