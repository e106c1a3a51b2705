/** The options of encoding and decoding. */
import { VaekitError } from "../errors.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * How large pictures are processed: "off" at once; "diffusers" in tiles, equal to diffusers' tiling (with its
 * seams). "exact" and "auto" are announced and not available yet.
 */
export const tilingModes = ["off", "diffusers", "exact", "auto"] as const;
export type Tiling = (typeof tilingModes)[number];

/** How far an operation is, in passes through the model. */
export interface CodingProgress {
  readonly done: number;
  readonly total: number;
}

export interface CodingOptions {
  /** @default "off" */
  readonly tiling?: Tiling;
  /** One picture of the batch at a time: less memory, the same result. @default false */
  readonly slicing?: boolean;
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

/** @throws UNSUPPORTED for the modes that are not there yet, INVALID_ARGUMENT for unknown ones. */
export function checkTiling(tiling: Tiling = "off"): "off" | "diffusers" {
  switch (tiling) {
    case "off":
    case "diffusers":
      return tiling;
    case "exact":
    case "auto":
      throw new VaekitError(
        "UNSUPPORTED",
        `tiling: "${tiling}" is not available yet. Use "off", or "diffusers" for large pictures (its seams included).`,
      );
    default: {
      const found: string = JSON.stringify(tiling satisfies never);
      throw new VaekitError("INVALID_ARGUMENT", `tiling: expected "off" or "diffusers", found ${found}.`);
    }
  }
}
