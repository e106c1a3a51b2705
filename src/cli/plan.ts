/** `vaekit inspect --plan`: how a model's half would be computed, and about how long that takes. */
import type { ModelFacts, Vae } from "../node/index.ts";
import {
  describePlans,
  type Plan,
  type PlanLayer,
  type PlannedWork,
  type PlanReport,
} from "../node/tune/index.ts";
import { planText } from "./coding.ts";
import { usage } from "./failure.ts";
import {
  formatBytes,
  formatFixed,
  formatMs,
  formatShape,
  formatTable,
  print,
  type Column,
} from "./format.ts";
import { checkPixels } from "./limits.ts";

/** @throws UsageError when the size does not fit the model. */
export function planReport(vae: Vae, work: PlannedWork): Promise<PlanReport> {
  checkPixels(`--size ${work.width}x${work.height}`, work.width * work.height);
  return usage(() => describePlans(vae, work));
}

const columns: readonly Column<PlanLayer>[] = [
  { title: "layer", align: "left", cell: ({ name }) => name },
  { title: "result", align: "left", cell: ({ shape }) => formatShape(shape) },
  { title: "algorithm", align: "left", cell: ({ algorithm }) => algorithm },
  { title: "strips", cell: ({ strips }) => String(strips) },
  { title: "ms", cell: ({ seconds }) => formatFixed(seconds * 1000, 1) },
  { title: "memory", cell: ({ memoryBytes }) => formatBytes(memoryBytes) },
];

/** Prints both ways, layer by layer. */
export function showPlan(report: PlanReport, facts: ModelFacts): void {
  const { half, width, height, provider, threadCount, prices, whole, exact, chosen } = report;
  const what = facts.layout === "rows" ? "a row" : `${width}x${height} pixels`;
  print(`Plan of the ${half}, ${what}.\n`);
  showWay("Whole", whole);
  if (exact === null) print("In strips: not possible for this model.\n");
  else showWay("In strips (exact tiling)", exact);
  print(`Chosen now: ${planText(chosen, facts)}.\n`);
  const threads = threadCount === 1 ? "1 thread" : `${threadCount} threads`;
  print(`Estimates for ${provider}, ${threads}; prices: ${sources[prices]}.`);
}

function showWay(title: string, plan: Plan): void {
  print(`${title}:\n${formatTable(columns, plan.layers)}`);
  const file = plan.fileBytes > 0 ? `, ${formatBytes(plan.fileBytes)} in a temporary file` : "";
  print(
    `${title}: about ${formatMs(plan.seconds * 1000)} and ${formatBytes(plan.peakBytes)} of memory${file}.\n`,
  );
}

const sources: Readonly<Record<PlanReport["prices"], string>> = {
  measured: "measured on this machine",
  default: "default; `vaekit tune` measures this machine's",
  guessed: "a rough guess, as for any graphics processor",
};
