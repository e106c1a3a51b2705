/** What convolutions cost on this machine: measured, compared with the default, and kept for the planner. */
import { availableParallelism } from "node:os";
import {
  defaultProfile,
  estimateConvolution,
  planShape,
  type Algorithm,
  type ConvolutionShape,
  type CostProfile,
} from "../../cost/index.ts";
import {
  prepareProfileFolder,
  profileKey,
  profilePath,
  saveProfile,
  type ProfileKey,
} from "../../cost/node/index.ts";
import { measureProfile, probeShapes, type Measurement } from "../../plan/index.ts";
import { NodeRuntime } from "../../runtime/node/node-runtime.ts";
import { checkOptions, optionKinds, wholeNumber, type OptionKinds } from "../../util/check-options.ts";

/** The options of {@link measureCosts}. */
export interface MeasureCostsOptions {
  /** Threads of the processor. @defaultValue one per core */
  readonly threadCount?: number;
  /** How often each graph runs. */
  readonly rounds?: number;
  /** Whether the planner takes the result from now on. @defaultValue true */
  readonly save?: boolean;
  /** Told after each measurement: how many are done, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

const measureKinds: OptionKinds<MeasureCostsOptions> = {
  threadCount: wholeNumber(1),
  rounds: wholeNumber(1),
  save: optionKinds.boolean,
  onProgress: optionKinds.callback,
};

/** One convolution by both algorithms. */
export interface ConvolutionCosts {
  /** The convolution that was measured. */
  readonly shape: ConvolutionShape;
  /** By ONNX Runtime's own operator. */
  readonly directSeconds: number;
  /** By Winograd's tiles of 4x4. */
  readonly winogradSeconds: number;
  /** How many times as fast Winograd's is by the default prices; null where they have none for it. */
  readonly expectedGain: number | null;
  /** What the planner takes by the measured prices. */
  readonly chosen: Algorithm;
}

/** What was measured on this machine, and the prices that follow from it. */
export interface MeasuredCosts {
  /** For which machine and how many threads they are. */
  readonly key: ProfileKey;
  /** The file in the user's cache folder; null where they were not saved. */
  readonly path: string | null;
  /** The prices that were fitted to the measurements. */
  readonly profile: CostProfile;
  /** The prices that hold where nothing was measured. */
  readonly defaultProfile: CostProfile;
  /** Every measurement, beside what the fitted prices say. */
  readonly measurements: readonly Measurement[];
  /** The measured convolutions, one by one. */
  readonly convolutions: readonly ConvolutionCosts[];
  /** Of the prices against the measurements, relative, in the middle: large where other programs were busy. */
  readonly error: number;
}

/**
 * Measures what convolutions cost on this machine's processor, which takes about ten seconds.
 *
 * @throws UNSUPPORTED when onnxruntime-node is not installed; IO when the result cannot be saved; INVALID_ARGUMENT.
 */
export async function measureCosts(options: MeasureCostsOptions = {}): Promise<MeasuredCosts> {
  checkOptions("measureCosts", options, measureKinds);
  const { threadCount = availableParallelism(), rounds, save = true, onProgress } = options;
  const path = save ? profilePath() : null;
  if (path !== null) await prepareProfileFolder(path);
  await using runtime = new NodeRuntime({ device: "cpu", threadCount });
  const { profile, measurements } = await measureProfile(runtime, { threadCount, rounds, onProgress });
  const key = profileKey("cpu", threadCount);
  if (path !== null) await saveProfile(key, profile, path);
  const before = defaultProfile("cpu", threadCount);
  return {
    key,
    path,
    profile,
    defaultProfile: before,
    measurements,
    convolutions: probeShapes.map((shape) => costsOf(shape, { measurements, profile, before })),
    error: middleError(measurements),
  };
}

function costsOf(
  shape: ConvolutionShape,
  {
    measurements,
    profile,
    before,
  }: { measurements: readonly Measurement[]; profile: CostProfile; before: CostProfile },
): ConvolutionCosts {
  const secondsBy = (algorithm: "direct" | 4): number =>
    measurements.find((each) => each.shape === shape && each.algorithm === algorithm)!.seconds;
  return {
    shape,
    directSeconds: secondsBy("direct"),
    winogradSeconds: secondsBy(4),
    expectedGain: gainOf(shape, before),
    chosen: planShape(shape, profile).algorithm,
  };
}

/** How many times as fast tiles of 4 are by a profile. */
function gainOf(shape: ConvolutionShape, profile: CostProfile): number | null {
  const tiled = estimateConvolution(shape, 4, profile);
  return tiled === undefined ? null : planShape(shape, profile).directSeconds / tiled;
}

function middleError(measurements: readonly Measurement[]): number {
  const errors = measurements
    .map(({ seconds, predictedSeconds }) => Math.abs(predictedSeconds / seconds - 1))
    .sort((a, b) => a - b);
  return errors[Math.floor(errors.length / 2)] ?? 0;
}
