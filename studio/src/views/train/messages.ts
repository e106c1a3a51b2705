/** What the page and the worker that trains say to each other. */
import type { Digits } from "./digits.ts";
import type { TrainingSettings } from "./recipe.ts";

export type ToWorker =
  /** Fresh weights; on the visitor's own digits where some are given. */
  | { readonly kind: "open"; readonly settings: TrainingSettings; readonly own?: OwnDigits | undefined }
  /** Goes on to this step. */
  | { readonly kind: "run"; readonly until: number }
  | { readonly kind: "pause" }
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

export type FromWorker =
  /** Open again or for the first time; what was said of the training before is over. */
  | { readonly kind: "open"; readonly examples: number }
  | { readonly kind: "stepped"; readonly losses: Losses; readonly milliseconds: number }
  | { readonly kind: "pictures"; readonly pictures: Pictures }
  | { readonly kind: "seen"; readonly seen: Seen }
  | { readonly kind: "failed"; readonly message: string };
