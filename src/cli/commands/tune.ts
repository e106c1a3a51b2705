/** `vaekit tune`: measures this machine, so that the planner knows what a convolution costs here. */
import { availableParallelism } from "node:os";
import { Option, type Command } from "commander";
import { defaultProfile, estimateConvolution, planShape } from "../../cost/index.ts";
import type { ConvolutionShape, CostProfile } from "../../cost/index.ts";
import { prepareProfileFolder, profileKey, profilePath, saveProfile } from "../../cost/node/index.ts";
import { measureProfile, probeShapes, type Measurement } from "../../plan/index.ts";
import { NodeRuntime } from "../../runtime/node/node-runtime.ts";
import { warn } from "../failure.ts";
import { formatFixed, formatTable, print, printJson, type Column } from "../format.ts";
import { parseRounds, parseThreads } from "../limits.ts";
import { addJsonOption, type JsonOptions } from "../options.ts";
import { Progress } from "../progress.ts";
import { oneLine } from "../../node/report/index.ts";

interface TuneOptions extends JsonOptions {
  threads?: number;
  rounds?: number;
  dryRun?: boolean;
}

/** Relative errors of the prices, in the middle, above which the machine was hardly at rest. */
const tolerableError = 0.2;

/** Adds the command. */
export function addTune(program: Command): void {
  const command = program
    .command("tune")
    .description("Measure what convolutions cost on this machine, for the planner (about ten seconds).")
    .option("--threads <n>", "threads of the processor (default: one per core)", parseThreads)
    .option("--dry-run", "print what was measured without storing it")
    .addOption(new Option("--rounds <n>", "how often each graph runs").argParser(parseRounds).hideHelp())
    .addHelpText(
      "after",
      "\nThe result lies in the user's cache folder; without it the planner takes default prices.\n\nExample:\n  $ vaekit tune",
    );
  addJsonOption(command).action(tune);
}

async function tune({ threads = availableParallelism(), rounds, dryRun, json }: TuneOptions): Promise<void> {
  const path = dryRun === true ? null : profilePath();
  if (path !== null) await prepareProfileFolder(path);
  const runtime = new NodeRuntime({ device: "cpu", threadCount: threads });
  const measured = await measureWithProgress(runtime, threads, rounds);
  await runtime.dispose();
  const { profile, measurements } = measured;
  const key = profileKey("cpu", threads);
  if (path !== null) await saveProfile(key, profile, path);
  const before = defaultProfile("cpu", threads);
  if (json === true) printJson({ ...key, path, profile, defaultProfile: before, measurements });
  else show(measurements, profile, before, path);
  const error = middleError(measurements);
  if (error > tolerableError) {
    const percent = Math.round(error * 100);
    warn(
      `the times scatter by ${percent} %: other programs were busy. Run \`vaekit tune\` again when they are done.`,
    );
  }
}

async function measureWithProgress(
  runtime: NodeRuntime,
  threadCount: number,
  rounds: number | undefined,
): ReturnType<typeof measureProfile> {
  using progress = new Progress(1);
  progress.task("measuring");
  return await measureProfile(runtime, {
    threadCount,
    rounds,
    onProgress: (done, total) => {
      progress.set(done, total);
    },
  });
}

interface Row {
  readonly convolution: string;
  readonly direct: string;
  readonly winograd: string;
  readonly gain: string;
  readonly expectedGain: string;
  readonly chosen: string;
}

const columns: readonly Column<Row>[] = [
  { title: "3x3 convolution", align: "left", cell: ({ convolution }) => convolution },
  { title: "direct ms", cell: ({ direct }) => direct },
  { title: "Winograd 4x4 ms", cell: ({ winograd }) => winograd },
  { title: "gain", cell: ({ gain }) => gain },
  { title: "by default", cell: ({ expectedGain }) => expectedGain },
  { title: "chosen", align: "left", cell: ({ chosen }) => chosen },
];

function show(
  measurements: readonly Measurement[],
  profile: CostProfile,
  before: CostProfile,
  path: string | null,
): void {
  const rows = probeShapes.map((shape): Row => {
    const own = measurements.filter((measurement) => measurement.shape === shape);
    const secondsBy = (algorithm: "direct" | 4): number =>
      own.find((measurement) => measurement.algorithm === algorithm)!.seconds;
    const { inChannels, outChannels, height, width } = shape;
    const plan = planShape(shape, profile);
    const milliseconds = (seconds: number): string => formatFixed(seconds * 1000, 2);
    return {
      convolution: `${inChannels} to ${outChannels} channels, ${width}x${height}`,
      direct: milliseconds(secondsBy("direct")),
      winograd: milliseconds(secondsBy(4)),
      gain: formatFixed(secondsBy("direct") / secondsBy(4), 2),
      expectedGain: formatFixed(gainOf(shape, before), 2),
      chosen: plan.algorithm === "direct" ? "direct" : `Winograd ${plan.algorithm}x${plan.algorithm}`,
    };
  });
  print(formatTable(columns, rows));
  const { provider, threadCount } = profile;
  print(`\n${provider}, ${threadCount === 1 ? "1 thread" : `${threadCount} threads`}.`);
  print(path === null ? "Not stored (--dry-run)." : `Stored in ${oneLine(path)}.`);
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
