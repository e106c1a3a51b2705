/** What the names and shapes of a model's weights say of its network. */
import { halfAlone, Shapes } from "../infer-blocks.ts";
import type { TensorShapes } from "../model.ts";

/** What tensors say of a network whose blocks normalise each pixel. */
export interface FoundNetwork {
  /** Channels that the network takes and gives. */
  readonly inChannels: number;
  readonly outChannels: number;
  readonly latentChannels: number;
  /** Undefined where there is no encoder, or no decoder. */
  readonly encoderWidth: number | undefined;
  readonly decoderWidth: number | undefined;
  readonly multiples: readonly number[];
  readonly blocksPerLevel: number;
  readonly isTemporal: readonly boolean[];
  readonly isResidual: boolean;
  /** Whether kernels have an axis of time. */
  readonly hasTime: boolean;
}

/** Whether the tensors are of such a network, or of one half of it. */
export function isWanNetwork(tensors: TensorShapes): boolean {
  return halves.some((half) => {
    const rank = tensors.get(`${half}.conv_in.weight`)?.shape.length;
    return (rank === 4 || rank === 5) && tensors.has(`${half}.mid_block.attentions.0.norm.gamma`);
  });
}

const halves = ["encoder", "decoder"] as const;

/** Whether levels have shortcuts: then the encoder's are lists of their own, and samplers are no lists. */
export function hasShortcuts(tensors: TensorShapes): boolean {
  return (
    tensors.has("encoder.down_blocks.0.resnets.0.conv1.weight") ||
    tensors.has("decoder.up_blocks.0.upsampler.resample.1.weight")
  );
}

/** Whether kernels have an axis of time. */
export const hasTimeAxis = (tensors: TensorShapes): boolean =>
  halves.some((half) => tensors.get(`${half}.conv_in.weight`)?.shape.length === 5);

/**
 * The network that tensors are of. Of one half alone, the other is taken to mirror it.
 *
 * @throws WEIGHTS_MISMATCH when weights are missing that every one has.
 */
export function networkOf(tensors: TensorShapes, subject: string, className: string): FoundNetwork {
  const shapes = new KernelShapes(tensors, subject, className);
  const alone = halfAlone(tensors);
  const encoder = alone === "decoder" ? undefined : encoderOf(shapes);
  const decoder = alone === "encoder" ? undefined : decoderOf(shapes);
  const { latentChannels, multiples, blocksPerLevel, isTemporal } = (encoder ?? decoder)!;
  return {
    inChannels: (encoder ?? decoder)!.pictureChannels,
    outChannels: (decoder ?? encoder)!.pictureChannels,
    latentChannels,
    encoderWidth: encoder?.width,
    decoderWidth: decoder?.width,
    multiples,
    blocksPerLevel,
    isTemporal,
    isResidual: hasShortcuts(tensors),
    hasTime: hasTimeAxis(tensors),
  };
}

interface FoundHalf {
  readonly pictureChannels: number;
  readonly latentChannels: number;
  readonly width: number;
  readonly multiples: readonly number[];
  readonly blocksPerLevel: number;
  readonly isTemporal: readonly boolean[];
}

function encoderOf(shapes: KernelShapes): FoundHalf {
  const [width, pictureChannels] = shapes.kernel("encoder.conv_in");
  const levels = hasShortcuts(shapes.tensors) ? nestedLevels(shapes) : flatLevels(shapes);
  return {
    pictureChannels,
    latentChannels: shapes.kernel("encoder.conv_out")[0] / 2,
    width,
    multiples: multiplesOf(levels, width, shapes),
    blocksPerLevel: shapes.same(levels.map(({ blocks }) => blocks.length)),
    isTemporal: levels.slice(0, -1).map(({ sampler }) => shapes.has(`${sampler}.time_conv`)),
  };
}

interface Level {
  /** Names of its residual blocks. */
  readonly blocks: readonly string[];
  /** What changes the resolution after it; of the last level, nothing. */
  readonly sampler: string;
}

function nestedLevels(shapes: KernelShapes): Level[] {
  return shapes.numbered("encoder.down_blocks", ".resnets.0.conv1").map((name) => ({
    blocks: shapes.numbered(`${name}.resnets`, ".conv1"),
    sampler: `${name}.downsampler`,
  }));
}

/** One list of blocks, in which a sampler ends a level. */
function flatLevels(shapes: KernelShapes): Level[] {
  const levels: Level[] = [];
  let blocks: string[] = [];
  for (let place = 0; ; place++) {
    const name = `encoder.down_blocks.${place}`;
    if (shapes.has(`${name}.conv1`)) blocks.push(name);
    else {
      levels.push({ blocks, sampler: name });
      blocks = [];
      if (!shapes.has(`${name}.resample.1`)) return levels;
    }
  }
}

/** The decoder's levels, the highest resolution first. */
function decoderOf(shapes: KernelShapes): FoundHalf {
  const names = shapes.numbered("decoder.up_blocks", ".resnets.0.conv1").reverse();
  const sampler = hasShortcuts(shapes.tensors) ? "upsampler" : "upsamplers.0";
  const levels = names.map((name) => ({
    blocks: shapes.numbered(`${name}.resnets`, ".conv1"),
    sampler: `${name}.${sampler}`,
  }));
  const width = shapes.kernel(`${names[0] ?? "decoder.up_blocks.0"}.resnets.0.conv1`)[0];
  return {
    pictureChannels: shapes.kernel("decoder.conv_out")[0],
    latentChannels: shapes.kernel("decoder.conv_in")[1],
    width,
    multiples: multiplesOf(levels, width, shapes),
    blocksPerLevel: shapes.same(levels.map(({ blocks }) => blocks.length)) - 1,
    // A level's sampler raises it to the level above.
    isTemporal: levels.slice(1).map((level) => shapes.has(`${level.sampler}.time_conv`)),
  };
}

function multiplesOf(levels: readonly Level[], width: number, shapes: KernelShapes): number[] {
  const multiples = levels.map(({ blocks: [first] }) => shapes.kernel(`${first!}.conv1`)[0] / width);
  const odd = multiples.find((multiple) => !Number.isInteger(multiple));
  if (odd === undefined) return multiples;
  throw shapes.mismatch(`levels whose channels are multiples of ${width}, found ${odd * width}`);
}

/** Shapes of kernels with or without an axis of time. */
class KernelShapes extends Shapes {
  has(name: string): boolean {
    return this.tensors.has(`${name}.weight`);
  }

  /** Channels out of a convolution, and into it. */
  kernel(name: string): [outChannels: number, inChannels: number] {
    const shape = this.tensors.get(`${name}.weight`)?.shape;
    if (shape !== undefined && (shape.length === 4 || shape.length === 5)) return [shape[0]!, shape[1]!];
    throw this.mismatch(`${name}.weight, the kernels of a convolution, as every ${this.className} has`);
  }

  /** The names of blocks 0, 1, 2, … that are there. */
  numbered(before: string, after: string): string[] {
    const names: string[] = [];
    while (this.has(`${before}.${names.length}${after}`)) names.push(`${before}.${names.length}`);
    return names;
  }

  same(counts: readonly number[]): number {
    const [first] = counts;
    if (first !== undefined && first > 0 && counts.every((count) => count === first)) return first;
    throw this.mismatch(`the same number of residual blocks in every level, found [${counts.join(", ")}]`);
  }
}
