/** The options of encoding and decoding. */
import { VaekitError } from "../errors.ts";
import type { CodingPlan } from "../plan/index.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkOptions, oneOf, optionKinds, positiveNumber, type OptionKinds } from "../util/check-options.ts";
import { describeValue } from "../util/describe-value.ts";

export type { Half } from "../models/index.ts";

/**
 * How large pictures are processed: "off" as a whole; "exact" in strips, with the result of "off" up to rounding, in
 * bounded memory; "auto" by one of these two, whichever is faster and fits the memory; "diffusers" in tiles, equal to
 * diffusers' tiling (with its seams).
 */
export const tilingModes = ["auto", "exact", "off", "diffusers"] as const;
/** One of {@link tilingModes}. */
export type Tiling = (typeof tilingModes)[number];

export type { CodingPlan } from "../plan/index.ts";

/** How far an operation is, in passes through the model. */
export interface CodingProgress {
  /** Passes that are done. */
  readonly done: number;
  /** All passes: one, or one for each picture with `slicing`, for each of diffusers' tiles. */
  readonly total: number;
}

/**
 * How `encode` and `decode` go about their work. None of these changes the result beyond rounding, but `tiling:
 * "diffusers"`.
 */
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
  /** Told what was chosen, before it starts; once more if the model falls back to another device, for which there is another plan. */
  readonly onPlan?: (plan: CodingPlan) => void;
  /** One picture of the batch at a time: less memory, the same result. @default false */
  readonly slicing?: boolean;
  /**
   * Refuses results that hold NaN or infinite values, which damaged weights give: a black picture otherwise. It costs
   * one pass over the result. @default true
   */
  readonly checkFinite?: boolean;
  /** Ends the call with ABORTED. */
  readonly signal?: AbortSignal;
  /** Told at the start and after each pass through the model. */
  readonly onProgress?: (progress: CodingProgress) => void;
}

/** The options of `forward`. */
export interface ForwardOptions extends CodingOptions {
  /** Decode a sample of the posterior instead of its mode. @default false */
  readonly samplePosterior?: boolean;
  /** Draws the noise of the sample. @default a new one with a seed of its own */
  readonly generator?: BaseGenerator;
  /** The noise of the sample, [N, L, h, w], instead of a generator. */
  readonly noise?: Tensor;
}

/** The options of `exportOnnx`. */
export interface ExportOptions {
  /** Refuses weights that hold NaN or infinite values. @default true */
  readonly checkFinite?: boolean;
}

export const codingKinds: OptionKinds<CodingOptions> = {
  tiling: oneOf(tilingModes),
  maxMemoryBytes: positiveNumber("a positive number of bytes"),
  temporaryFolder: optionKinds.text,
  onPlan: optionKinds.callback,
  slicing: optionKinds.boolean,
  checkFinite: optionKinds.boolean,
  signal: optionKinds.signal,
  onProgress: optionKinds.callback,
};

const forwardKinds: OptionKinds<ForwardOptions> = {
  ...codingKinds,
  samplePosterior: optionKinds.boolean,
  // With the posterior's own checks.
  generator: optionKinds.checkedElsewhere,
  noise: optionKinds.checkedElsewhere,
};

const exportKinds: OptionKinds<ExportOptions> = { checkFinite: optionKinds.boolean };

/** @throws INVALID_ARGUMENT for an unknown option, or a value of another kind. */
export function checkCodingOptions(subject: string, options: CodingOptions): void {
  checkOptions(subject, options, codingKinds);
}

/** @throws INVALID_ARGUMENT as {@link checkCodingOptions}, and for randomness that nothing would draw from. */
export function checkForwardOptions(subject: string, options: ForwardOptions): void {
  checkOptions(subject, options, forwardKinds);
  const { samplePosterior, generator, noise } = options;
  if (samplePosterior === true || (generator === undefined && noise === undefined)) return;
  const name = generator === undefined ? "noise" : "generator";
  const message = `${subject}: ${name} is for samplePosterior: true; the mode of the posterior needs none. Leave one of them out.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** @throws INVALID_ARGUMENT as {@link checkCodingOptions}. */
export function checkExportOptions(subject: string, options: ExportOptions): void {
  checkOptions(subject, options, exportKinds);
}

/** @throws INVALID_ARGUMENT unless it is one of the two halves. */
export function checkHalf(subject: string, half: unknown): void {
  if (half === "encoder" || half === "decoder") return;
  const message = `${subject}: expected "encoder" or "decoder", found ${describeValue(half)}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** @throws INVALID_ARGUMENT unless the size has three positive whole numbers. */
export function checkSize(subject: string, size: unknown): void {
  const numbers = ["batch", "height", "width"].map((key): unknown =>
    typeof size === "object" && size !== null ? Reflect.get(size, key) : undefined,
  );
  if (numbers.every((number) => Number.isSafeInteger(number) && Number(number) > 0)) return;
  const found =
    typeof size === "object" && size !== null
      ? `{ ${numbers.map(describeValue).join(", ")} }`
      : describeValue(size);
  const message = `${subject}: expected a size { batch, height, width } of positive whole numbers, found ${found}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}
