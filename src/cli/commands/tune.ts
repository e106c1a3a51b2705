/** `vaekit tune`: measures this machine, so that the planner knows what a convolution costs here. */
import { Option, type Command } from "commander";
import { measureCosts, type ConvolutionCosts, type MeasuredCosts } from "../../node/tune/index.ts";
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

/** Adds its arguments, its options and what it does. */
export function addTune(command: Command): void {
  command
    .option("--threads <n>", "threads of the processor (default: one per core)", parseThreads)
    .option("--dry-run", "print what was measured without storing it")
    .addOption(new Option("--rounds <n>", "how often each graph runs").argParser(parseRounds).hideHelp())
    .addHelpText(
      "after",
      "\nThe result lies in the user's cache folder; without it the planner takes default prices.\n\nExample:\n  $ vaekit tune",
    );
  addJsonOption(command).action(tune);
}

async function tune({ threads, rounds, dryRun, json }: TuneOptions): Promise<void> {
  const measured = await measureWithProgress({ threadCount: threads, rounds, save: dryRun !== true });
  const { key, path, profile, defaultProfile, measurements, error } = measured;
  if (json === true) printJson({ ...key, path, profile, defaultProfile, measurements });
  else show(measured);
  if (error > tolerableError) {
    const percent = Math.round(error * 100);
    warn(
      `the times scatter by ${percent} %: other programs were busy. Run \`vaekit tune\` again when they are done.`,
    );
  }
}

async function measureWithProgress(options: Parameters<typeof measureCosts>[0]): Promise<MeasuredCosts> {
  using progress = new Progress(1);
  progress.task("measuring");
  return await measureCosts({
    ...options,
    onProgress: (done, total) => {
      progress.set(done, total);
    },
  });
}

const milliseconds = (seconds: number): string => formatFixed(seconds * 1000, 2);

const columns: readonly Column<ConvolutionCosts>[] = [
  {
    title: "3x3 convolution",
    align: "left",
    cell: ({ shape: { inChannels, outChannels, height, width } }) =>
      `${inChannels} to ${outChannels} channels, ${width}x${height}`,
  },
  { title: "direct ms", cell: ({ directSeconds }) => milliseconds(directSeconds) },
  { title: "Winograd 4x4 ms", cell: ({ winogradSeconds }) => milliseconds(winogradSeconds) },
  {
    title: "gain",
    cell: ({ directSeconds, winogradSeconds }) => formatFixed(directSeconds / winogradSeconds, 2),
  },
  { title: "by default", cell: ({ expectedGain }) => formatFixed(expectedGain, 2) },
  {
    title: "chosen",
    align: "left",
    cell: ({ chosen }) => (chosen === "direct" ? "direct" : `Winograd ${chosen}x${chosen}`),
  },
];

function show({ convolutions, profile, path }: MeasuredCosts): void {
  print(formatTable(columns, convolutions));
  const { provider, threadCount } = profile;
  print(`\n${provider}, ${threadCount === 1 ? "1 thread" : `${threadCount} threads`}.`);
  print(path === null ? "Not stored (--dry-run)." : `Stored in ${oneLine(path)}.`);
}
