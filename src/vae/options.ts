/** The options of encoding and decoding. */
import { VaekitError } from "../errors.ts";
import type { InputSize } from "../models/index.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The two halves of the model. */
export type Half = "encoder" | "decoder";

/**
 * How large pictures are processed: "off" at once; "exact" in strips, with the result of "off" up to rounding, in
 * bounded memory; "auto" by one of these two, whichever is faster and fits the memory; "diffusers" in tiles, equal to
 * diffusers' tiling (with its seams).
 */
export const tilingModes = ["auto", "exact", "off", "diffusers"] as const;
export type Tiling = (typeof tilingModes)[number];

/** What was chosen for one input size, and what it is expected to need. */
export interface CodingPlan {
  readonly half: Half;
  /** Of the input: pixels for the encoder, latents for the decoder. */
  readonly size: InputSize;
  readonly tiling: "exact" | "off";
  /** Strips of the largest map; 1 at once. */
  readonly stripCount: number;
  /** Resident memory of the process at its peak. */
  readonly peakBytes: number;
  /** The temporary file's size; 0 without one. */
  readonly fileBytes: number;
  readonly seconds: number;
}

/** How far an operation is, in passes through the model. */
export interface CodingProgress {
  readonly done: number;
  readonly total: number;
}

export interface CodingOptions {
  /** @default "auto" */
  readonly tiling?: Tiling;
  /**
   * What the process may hold at its peak, in bytes; larger pictures go through a temporary file. By default most of
   * the memory that is free. For "auto" and "exact".
   */
  readonly maxMemoryBytes?: number;
  /** Where the temporary file goes, if one is needed. @default the system's folder for such files */
  readonly temporaryFolder?: string;
  /** Told what was chosen, before it starts. */
  readonly onPlan?: (plan: CodingPlan) => void;
  /** One picture of the batch at a time: less memory, the same result. @default false */
  readonly slicing?: boolean;
  /**
   * Refuses results that hold NaN or infinite values, which damaged weights give: a black picture otherwise. It costs
   * one pass over the result. @default true
   */
  readonly checkFinite?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CodingProgress) => void;
}

export interface ForwardOptions extends CodingOptions {
  /** Decode a sample of the posterior instead of its mode. @default false */
  readonly samplePosterior?: boolean;
  readonly generator?: BaseGenerator;
  /** The noise of the sample, [N, L, h, w], instead of a generator. */
  readonly noise?: Tensor;
}

export interface ExportOptions {
  /** Refuses weights that hold NaN or infinite values. @default true */
  readonly checkFinite?: boolean;
}

/** @throws INVALID_ARGUMENT for an unknown mode, or a budget that is no number of bytes. */
export function checkCodingOptions({ tiling = "auto", maxMemoryBytes }: CodingOptions): void {
  if (!tilingModes.includes(tiling)) {
    const modes = tilingModes.map((mode) => `"${mode}"`).join(", ");
    const found = JSON.stringify(tiling);
    throw new VaekitError("INVALID_ARGUMENT", `tiling: expected one of ${modes}, found ${found}.`);
  }
  if (maxMemoryBytes === undefined || (Number.isFinite(maxMemoryBytes) && maxMemoryBytes > 0)) return;
  const message = `maxMemoryBytes: expected a positive number of bytes, found ${String(maxMemoryBytes)}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}
