/** How a command encodes and decodes: what its options ask for, and what was chosen, in one line. */
import type { CodingOptions, CodingPlan, ModelFacts, Vae } from "../node/index.ts";
import { UsageError } from "./failure.ts";
import { formatBytes, formatMs } from "./format.ts";
import type { JsonOptions, TilingOptions } from "./options.ts";
import { checkTemporaryFolder } from "./outputs.ts";
import type { Progress } from "./progress.ts";

/**
 * Checks what belongs together, before the long work.
 *
 * @throws UsageError when an option means nothing for this tiling; IO when `--temp-dir` is no folder to write into.
 */
export async function checkTiling({ tiling = "auto", memory, tempDir }: TilingOptions): Promise<void> {
  if (tiling === "off" || tiling === "diffusers") {
    const flag = memory !== undefined ? "--memory" : tempDir !== undefined ? "--temp-dir" : undefined;
    if (flag !== undefined) {
      throw new UsageError(`${flag} is for --tiling auto and exact, found ${tiling}. Leave one of them out.`);
    }
  }
  if (tempDir !== undefined) await checkTemporaryFolder(tempDir);
}

/** Encodes and decodes as the options say, and keeps what was chosen. */
export class Coding {
  /** For `vae.encode` and `vae.decode`. */
  readonly options: CodingOptions;
  #plan: CodingPlan | undefined;

  /** Plans are said where a person watches, or where the options ask for something; never beside JSON. */
  constructor(vae: Vae, options: TilingOptions & JsonOptions, progress: Progress) {
    const { tiling, memory, tempDir, json } = options;
    const isAsked = tiling !== undefined || memory !== undefined;
    const isSaid = json !== true && (isAsked || process.stderr.isTTY);
    const said = new Set<string>();
    const onPlan = (plan: CodingPlan): void => {
      this.#plan = plan;
      const { half, size } = plan;
      const key = `${half} ${size.height}x${size.width} ${plan.tiling}`;
      if (!isSaid || said.has(key)) return;
      said.add(key);
      progress.note(planText(plan, vae.facts));
    };
    this.options = {
      ...(tiling === undefined ? {} : { tiling }),
      ...(memory === undefined ? {} : { maxMemoryBytes: memory }),
      ...(tempDir === undefined ? {} : { temporaryFolder: tempDir }),
      // Of diffusers' tiles there would be a plan for each.
      ...(tiling === "diffusers" ? {} : { onPlan }),
    };
  }

  /** What was chosen last. */
  get plan(): CodingPlan | undefined {
    return this.#plan;
  }
}

/** `decoding 1024x768 in 12 strips: about 5.20 s, 812.0 MB of memory, 1.2 GB in a temporary file`. */
export function planText(plan: CodingPlan, { layout, spatialFactor }: ModelFacts): string {
  const { half, size, tiling, stripCount, seconds, peakBytes, fileBytes } = plan;
  const [verb, scale] = half === "encoder" ? ["encoding", 1] : ["decoding", spatialFactor];
  const strips = stripCount === 1 ? "1 strip" : `${stripCount} strips`;
  const way = tiling === "off" ? "as a whole" : `in ${strips}`;
  const file = fileBytes > 0 ? `, ${formatBytes(fileBytes)} in a temporary file` : "";
  const what = layout === "rows" ? "rows" : `${size.width * scale}x${size.height * scale}`;
  return `${verb} ${what} ${way}: about ${formatMs(seconds * 1000)}, ${formatBytes(peakBytes)} of memory${file}`;
}
