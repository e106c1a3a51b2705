/** Which channels of a level carry which signals, and how signals pass through the group norm and SiLU of a head. */
import { VaekitError } from "../../../errors.ts";

/** Signals spread over the channels of a level; channels that it does not name keep what they were drawn with. */
export interface Placement {
  readonly copies: readonly { readonly channel: number; readonly signal: number; readonly sign: 1 | -1 }[];
  readonly constants: readonly { readonly channel: number; readonly value: number }[];
}

/** Signal i in channel i. */
export function plainPlacement(signals: number): Placement {
  const copies = Array.from({ length: signals }, (_, i) => ({ channel: i, signal: i, sign: 1 as const }));
  return { copies, constants: [] };
}

/** The magnitude of the channels that keep a group's deviation close to a fixed number. */
const constantValue = 2;

/** A placement before a head, where silu(x) - silu(-x) = x needs every signal with both signs. */
export interface HeadPlacement extends Placement {
  /** The two channels of each signal. */
  readonly pairs: readonly { readonly positive: number; readonly negative: number }[];
  /** Channels of groups that hold no signal. */
  readonly freeChannels: readonly number[];
  readonly groupSize: number;
}

/**
 * Spreads signals over as many groups as there are, each with both signs; the rest of such a group is constant.
 *
 * @throws UNSUPPORTED when they do not fit.
 */
export function placePairs(
  signals: number,
  channels: number,
  groups: number,
  subject: string,
): HeadPlacement {
  const groupSize = channels / groups;
  const perGroup = Math.ceil(signals / groups);
  if (2 * perGroup > groupSize) {
    const needed = 2 * perGroup * groups;
    const message = `principal components: ${subject} needs at least ${needed} channels in ${groups} groups for ${signals} signals, each with both signs, found ${channels}. Use more channels, or fewer norm_num_groups, or another initialization.`;
    throw new VaekitError("UNSUPPORTED", message);
  }
  const used = Math.ceil(signals / perGroup);
  const pairs = Array.from({ length: signals }, (_, signal) => {
    const positive = Math.floor(signal / perGroup) * groupSize + 2 * (signal % perGroup);
    return { positive, negative: positive + 1 };
  });
  const copies = pairs.flatMap(({ positive, negative }, signal) => [
    { channel: positive, signal, sign: 1 as const },
    { channel: negative, signal, sign: -1 as const },
  ]);
  const taken = new Set(copies.map(({ channel }) => channel));
  const constants = Array.from({ length: used }, (_, group) =>
    constantsOf(
      Array.from({ length: groupSize }, (_, i) => group * groupSize + i).filter((i) => !taken.has(i)),
    ),
  ).flat();
  const freeChannels = Array.from({ length: channels - used * groupSize }, (_, i) => used * groupSize + i);
  return { copies, constants, pairs, freeChannels, groupSize };
}

/** Half of them positive, half negative, so that a group's mean stays 0; the odd one out is 0. */
function constantsOf(channels: readonly number[]): { channel: number; value: number }[] {
  return channels.map((channel, i) => {
    const isOddOne = i === channels.length - 1 && channels.length % 2 === 1;
    return { channel, value: isOddOne ? 0 : i % 2 === 0 ? -constantValue : constantValue };
  });
}

/**
 * The group norm's weights that undo its division, for signals of these root mean squares: [channel, weight] of every
 * channel of the groups that hold signals.
 */
export function restoringNormWeights(
  placement: HeadPlacement,
  signalScales: ArrayLike<number>,
): [channel: number, weight: number][] {
  const { groupSize } = placement;
  const squares = new Map<number, number>();
  const add = (channel: number, square: number): void => {
    const group = Math.floor(channel / groupSize);
    squares.set(group, (squares.get(group) ?? 0) + square);
  };
  placement.pairs.forEach(({ positive }, signal) => {
    add(positive, 2 * signalScales[signal]! ** 2);
  });
  placement.constants.forEach(({ channel, value }) => {
    add(channel, value ** 2);
  });
  return [...squares].flatMap(([group, sum]) =>
    Array.from({ length: groupSize }, (_, i): [number, number] => [
      group * groupSize + i,
      Math.sqrt(sum / groupSize),
    ]),
  );
}
