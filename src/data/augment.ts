/** Which part of a picture is seen, and whether mirrored: a function of (seed, epoch, example) alone. */
import { dataStream } from "./streams.ts";

/** What is done to one example in one epoch. */
export interface Augmentation {
  /** Where the crop lies: 0 at the left (top) edge, below 1 at the right (bottom) one. */
  readonly x: number;
  readonly y: number;
  /** Whether left and right change places. */
  readonly flip: boolean;
}

export interface AugmentOptions {
  seed: number | bigint;
  crop: "random" | "center";
  /** Mirrors every second picture on average. */
  flip: boolean;
}

/** The crop and the flip of one example in one epoch. They do not depend on one another's being asked for. */
export function augmentationOf(options: AugmentOptions, epoch: number, example: number): Augmentation {
  const draws = new Float32Array(3);
  dataStream(options.seed, "augmentation", epoch, example).fillUniform(draws);
  const random = options.crop === "random";
  return {
    x: random ? draws[0]! : 0.5,
    y: random ? draws[1]! : 0.5,
    flip: options.flip && draws[2]! < 0.5,
  };
}
