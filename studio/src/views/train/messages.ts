/** What the page and the worker that trains say to each other. */
import type { Digits } from "./digits.ts";
import type { TrainingSettings } from "./recipe.ts";

/** Messages are answered in their order. */
export type ToWorker =
  /** Fresh weights; on the visitor's own digits where some are given. */
  | {
      readonly kind: "open";
      /** Of this training: what is said of it has the same. */
      readonly id: number;
      readonly settings: TrainingSettings;
      readonly own?: OwnDigits | undefined;
    }
  /** Goes on to this step; to none where it is 0. */
  | { readonly kind: "run"; readonly until: number }
  /** One digit, to be encoded and decoded. */
  | { readonly kind: "look"; readonly pixels: Float32Array };

export interface OwnDigits {
  readonly trained: Digits;
  readonly test: Digits;
}

/** In nats for each picture. */
export interface Losses {
  readonly step: number;
  readonly reconstruction: number;
  readonly kl: number;
}

export interface Pictures {
  readonly step: number;
  /** Decoded latents of the plane, rows × rows digits of 28 × 28 pixels as one plane, 0 to 1. */
  readonly grid: Float32Array;
  /** Where the test digits lie in the plane: x and y of each. */
  readonly places: Float32Array;
  readonly labels: Uint8Array;
  /** The two latents that are the plane. */
  readonly axes: readonly [number, number];
}

export interface Seen {
  /** Of the digit that was looked at: 28 × 28, 0 to 1. */
  readonly reconstruction: Float32Array;
  readonly place: readonly [number, number];
}

/** What is said of one training. */
export type Said =
  | { readonly kind: "open"; readonly examples: number }
  | { readonly kind: "stepped"; readonly losses: Losses; readonly milliseconds: number }
  | { readonly kind: "pictures"; readonly pictures: Pictures }
  | { readonly kind: "seen"; readonly seen: Seen }
  | { readonly kind: "failed"; readonly message: string };

export type FromWorker = Said & {
  /** Of which training it is said. */
  readonly id: number;
};
