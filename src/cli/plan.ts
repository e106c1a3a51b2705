/** `vaekit inspect --plan`: how a model's half would be computed, and about how long that takes. */
import { availableParallelism } from "node:os";
import type { Vae, CodingPlan } from "../node/index.ts";
import { chooseTile, isMeasuredProvider, type CostProfile, type Provider } from "../cost/index.ts";
import { describePlan, rewrittenFor, type Plan, type PlanLayer } from "../plan/index.ts";
import { loadProfile, profileKey } from "../cost/node/index.ts";
import { compileStrips, defaultStripElements } from "../strips/index.ts";
import { planText } from "./coding.ts";
import { UsageError } from "./failure.ts";
import { checkPixels } from "./limits.ts";
import {
  formatBytes,
  formatFixed,
  formatMs,
  formatShape,
  formatTable,
  print,
  type Column,
} from "./format.ts";

export interface PlanOptions {
  readonly half: "encoder" | "decoder";
  /** In pixels. */
  readonly size: { readonly width: number; readonly height: number };
}

export interface PlanReport {
  readonly half: "encoder" | "decoder";
  readonly width: number;
  readonly height: number;
  readonly provider: Provider;
  readonly threadCount: number;
  /** Whether the prices were measured on this machine. */
  readonly prices: "measured" | "default";
  /** Everything at once. */
  readonly untiled: Plan;
  /** In strips, with the same result. */
  readonly exact: Plan;
  /** What encoding or decoding would take now. */
  readonly chosen: CodingPlan;
}

/** @throws UsageError when the size does not fit the model. */
export async function planReport(vae: Vae, options: PlanOptions): Promise<PlanReport> {
  const { half, size } = options;
  const factor = vae.spatialFactor;
  if (size.width % factor !== 0 || size.height % factor !== 0) {
    throw new UsageError(
      `--size: expected multiples of ${factor} for this model, found ${size.width}x${size.height}.`,
    );
  }
  checkPixels(`--size ${size.width}x${size.height}`, size.width * size.height);
  const scale = half === "decoder" ? factor : 1;
  const inputSize = { batch: 1, height: size.height / scale, width: size.width / scale };
  const graph = vae.graph(half, inputSize);
  const threadCount = availableParallelism();
  // Warns of damaged prices, too. The device is the one that the model would run on.
  const chosen = await vae.plan(half, inputSize);
  const provider = chosen.device;
  const { profile, source } = await loadProfile(profileKey(provider, threadCount));
  const choose = chooseTile(profile);
  return {
    half,
    ...size,
    provider,
    threadCount,
    prices: source,
    untiled: describePlan(rewrittenFor(graph, profile), profile),
    exact: describePlan(
      compileStrips(graph, { stripElements: defaultStripElements, chooseTile: choose }),
      profile,
    ),
    chosen,
  };
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
export function showPlan(report: PlanReport, spatialFactor: number): void {
  const { half, width, height, provider, threadCount, prices, untiled, exact, chosen } = report;
  print(`Plan of the ${half}, ${width}x${height} pixels.\n`);
  showWay("At once", untiled);
  showWay("In strips (exact tiling)", exact);
  print(`Chosen now: ${planText(chosen, spatialFactor)}.\n`);
  const threads = threadCount === 1 ? "1 thread" : `${threadCount} threads`;
  print(`Estimates for ${provider}, ${threads}; prices: ${sourceOf(provider, prices)}.`);
}

function showWay(title: string, plan: Plan): void {
  print(`${title}:\n${formatTable(columns, plan.layers)}`);
  const file = plan.fileBytes > 0 ? `, ${formatBytes(plan.fileBytes)} in a temporary file` : "";
  print(
    `${title}: about ${formatMs(plan.seconds * 1000)} and ${formatBytes(plan.peakBytes)} of memory${file}.\n`,
  );
}

function sourceOf(provider: CostProfile["provider"], prices: PlanReport["prices"]): string {
  if (prices === "measured") return "measured on this machine";
  if (!isMeasuredProvider(provider)) return "a rough guess, as for any graphics processor";
  return "default; `vaekit tune` measures this machine's";
}
