/**
 * The decoder as a linear model: each upsampler is the 3 x 3 convolution that best predicts the finer level's code
 * from the coarser one's. The latents themselves come along, interpolated bilinearly, for training to use.
 */
import type { AutoencoderKLConfig } from "../config.ts";
import type { BaseGenerator } from "../../../random/base-generator.ts";
import {
  enlargeWithBorder,
  filterMaps,
  firstMaps,
  rootMeanSquares,
  type FeatureMaps,
  type FilterRow,
} from "./feature-maps.ts";
import { fitFilter } from "./fit.ts";
import { checkWidth } from "./linear-encoder.ts";
import { identityRows, type ParameterEditor } from "./parameter-editor.ts";
import { placePairs, plainPlacement, type HeadPlacement } from "./placement.ts";

/** Pictures that the fits use: their sampled positions come from all of them, and each costs time. */
const maxPictures = 24;

/** The most code channels of one level: more predict hardly better and cost the next level's fit much more. */
const maxComponents = 32;

/** Bilinear interpolation by 2, after nearest neighbour: [1, 2, 1] / 4 along each axis. */
const bilinear = [1, 2, 1, 2, 4, 2, 1, 2, 1].map((weight) => weight / 16);

/**
 * Writes the decoder's parameters.
 *
 * @param codes the encoder's code at each level, the pictures first, the latents last.
 * @throws UNSUPPORTED when the config has too few channels.
 */
export function writeLinearDecoder(
  editor: ParameterEditor,
  config: AutoencoderKLConfig,
  codes: readonly FeatureMaps[],
  generator: BaseGenerator,
): void {
  const { latentChannels, outChannels, normNumGroups } = config;
  const upwards = [...config.blockOutChannels].reverse();
  const pictures = Math.min(maxPictures, codes[0]!.count);
  const head = placePairs(outChannels, upwards.at(-1)!, normNumGroups, "the decoder's last level");
  checkWidth(upwards[0]!, latentChannels, "level 0 of the decoder", "the latents");
  editor.writeSignals("decoder.conv_in", identityRows(latentChannels, 3), plainPlacement(latentChannels));

  let code = firstMaps(codes.at(-1)!, pictures, latentChannels);
  let latents = { start: 0, count: latentChannels };
  for (let block = 0; block < upwards.length - 1; block++) {
    const isLast = block === upwards.length - 2;
    const [channels, nextChannels] = [upwards[block]!, upwards[block + 1]!];
    const shortcut = `decoder.up_blocks.${block + 1}.resnets.0.conv_shortcut`;
    const width = Math.min(channels, nextChannels);
    const finer = codes[upwards.length - 2 - block]!;

    const count = isLast
      ? outChannels
      : Math.min(finer.channels, maxComponents, Math.max(width - latents.count, outChannels));
    checkWidth(width, count, `level ${block} of the decoder`, "the picture");
    const room = isLast ? Math.min(head.freeChannels.length, channels - count) : width - count;
    const carried = Math.min(latents.count, room);

    const coarse = enlargeWithBorder(code);
    const rows = fitFilter(coarse, firstMaps(finer, pictures, count), generator);
    const signals = [...rows, ...interpolations(latents.start, carried)];
    const next = isLast ? withFree(head, count, carried) : plainPlacement(signals.length);
    const here = editor.has(shortcut) ? plainPlacement(signals.length) : next;
    editor.writeSignals(`decoder.up_blocks.${block}.upsamplers.0.conv`, signals, here);
    editor.copySignals(shortcut, signals.length, next);

    code = filterMaps(coarse, rows);
    latents = { start: count, count: carried };
  }
  editor.writeHead("decoder", head, rootMeanSquares(code));
}

/** Rows that interpolate the channels `start` to `start + count - 1`. */
function interpolations(start: number, count: number): FilterRow[] {
  return Array.from({ length: count }, (_, i) => {
    const weights = new Float32Array((start + i + 1) * 9);
    weights.set(bilinear, (start + i) * 9);
    return { weights, bias: 0 };
  });
}

/** The head's placement, and `count` further signals from number `first` on in its free channels. */
function withFree(head: HeadPlacement, first: number, count: number): HeadPlacement {
  const extra = head.freeChannels
    .slice(0, count)
    .map((channel, i) => ({ channel, signal: first + i, sign: 1 as const }));
  return { ...head, copies: [...head.copies, ...extra] };
}
