/** The encoder as a linear code: principal components of 2 x 2 blocks, level upon level. */
import { VaekitError } from "../../../errors.ts";
import type { AutoencoderKLConfig } from "../config.ts";
import type { BaseGenerator } from "../../../random/base-generator.ts";
import {
  foldBlocks,
  mixChannels,
  rootMeanSquares,
  type FeatureMaps,
  type FilterRow,
} from "./feature-maps.ts";
import { principalDirections } from "./fit.ts";
import { identityRows, type ParameterEditor } from "./parameter-editor.ts";
import { placePairs, plainPlacement } from "./placement.ts";

/** The most components that one level hands on: the next one's fit has four times as many inputs. */
const maxComponents = 64;

/** The least root mean square of a latent before it is scaled to 1: flat pictures have zeros. */
const minScale = 1e-3;

/** The posterior's log-variance at the start, as in a trained model. */
const initialLogvar = -6;

/**
 * Writes the encoder's parameters.
 *
 * @returns the linear code at each level, the pictures first, the latents (of mean square 1) last.
 * @throws UNSUPPORTED when the config has too few channels.
 */
export function writeLinearEncoder(
  editor: ParameterEditor,
  config: AutoencoderKLConfig,
  pictures: FeatureMaps,
  generator: BaseGenerator,
): FeatureMaps[] {
  const { blockOutChannels, latentChannels, normNumGroups, inChannels } = config;
  const last = blockOutChannels.length - 2;
  const head = placePairs(
    latentChannels,
    blockOutChannels.at(-1)!,
    normNumGroups,
    "the encoder's last level",
  );
  checkWidth(blockOutChannels[0]!, inChannels, "level 0 of the encoder", "the picture");
  editor.writeSignals("encoder.conv_in", identityRows(inChannels, 3), plainPlacement(inChannels));

  const codes = [pictures];
  for (let level = 0; level <= last; level++) {
    const [channels, nextChannels] = [blockOutChannels[level]!, blockOutChannels[level + 1]!];
    const blocks = foldBlocks(codes[level]!);
    const count =
      level === last ? latentChannels : Math.min(blocks.channels, channels, nextChannels, maxComponents);
    checkWidth(channels, count, `level ${level} of the encoder`, "the latents");
    checkWidth(blocks.channels, count, "the signal before the latents", "the latents");
    const directions = principalDirections(blocks, count, generator);
    const code = mixChannels(blocks, directions);
    if (level === last) scaleToOne(code, directions);

    const next = level === last ? head : plainPlacement(count);
    const shortcut = `encoder.down_blocks.${level + 1}.resnets.0.conv_shortcut`;
    const here = editor.has(shortcut) ? plainPlacement(count) : next;
    const name = `encoder.down_blocks.${level}.downsamplers.0.conv`;
    editor.writeSignals(name, directions.map(blockFilter), here);
    editor.copySignals(shortcut, count, next);
    codes.push(code);
  }

  editor.writeHead("encoder", head, new Float64Array(latentChannels).fill(1));
  const { data } = editor.weight("encoder.conv_out");
  data.fill(0, data.length / 2);
  editor.bias("encoder.conv_out").data.fill(initialLogvar, latentChannels);
  return codes;
}

/** Weights of a 2 x 2 block, ordered channel, row, column, at the top left of a 3 x 3 kernel. */
function blockFilter(direction: Float64Array): FilterRow {
  const weights = new Float32Array((direction.length / 4) * 9);
  direction.forEach((value, i) => {
    weights[(i >> 2) * 9 + ((i >> 1) & 1) * 3 + (i & 1)] = value;
  });
  return { weights, bias: 0 };
}

/** Scales each channel, and the direction that made it, to a mean square of 1. */
function scaleToOne(code: FeatureMaps, directions: readonly Float64Array[]): void {
  const factors = rootMeanSquares(code).map((scale) => 1 / Math.max(scale, minScale));
  directions.forEach((direction, k) => {
    for (let i = 0; i < direction.length; i++) direction[i] = direction[i]! * factors[k]!;
  });
  const area = code.height * code.width;
  code.data.forEach((value, i) => {
    code.data[i] = value * factors[Math.floor(i / area) % code.channels]!;
  });
}

/** @throws UNSUPPORTED unless `channels` can hold `signals`. */
export function checkWidth(channels: number, signals: number, place: string, what: string): void {
  if (signals <= channels) return;
  const message = `principal components: expected at least ${signals} channels in ${place}, through which ${what} must pass, found ${channels}. Use more channels or fewer latents, or another initialization.`;
  throw new VaekitError("UNSUPPORTED", message);
}
