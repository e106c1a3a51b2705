/** How a model's half would be computed in either way, layer by layer, before anything runs. */
import { VaekitError } from "../../errors.ts";
import { chooseTile, isMeasuredProvider, type Provider } from "../../cost/index.ts";
import { loadProfile, profileKey } from "../../cost/node/index.ts";
import { describePlan, rewrittenFor, type Plan } from "../../plan/index.ts";
import { compileStrips, defaultStripElements } from "../../strips/index.ts";
import { checkOptions, checkValue, oneOf, wholeNumber, type OptionKinds } from "../../util/check-options.ts";
import type { CodingPlan } from "../../vae/options.ts";
import type { Vae } from "../../vae/vae.ts";
import { checkVae } from "../check-vae.ts";

/** What is planned. */
export interface PlannedWork {
  /** The half that is planned. */
  readonly half: "encoder" | "decoder";
  /** Of the picture, in pixels: multiples of the model's factor. */
  readonly width: number;
  /** Of the picture, in pixels: a multiple of the model's factor. */
  readonly height: number;
}

const workKinds: OptionKinds<PlannedWork> = {
  half: oneOf(["encoder", "decoder"]),
  width: wholeNumber(1),
  height: wholeNumber(1),
};

/** How a half would be computed, as a whole and in strips, and which of the two would be chosen. */
export interface PlanReport extends PlannedWork {
  /** Whose prices the plan is made with. */
  readonly provider: Provider;
  /** For how many threads the prices are. */
  readonly threadCount: number;
  /** Whether the prices were measured on this machine, are the default's, or a guess, as for any graphics processor. */
  readonly prices: "measured" | "default" | "guessed";
  /** The whole picture. */
  readonly whole: Plan;
  /** In strips, with the same result; null where the model cannot be cut into strips. */
  readonly exact: Plan | null;
  /** What encoding or decoding would take now. */
  readonly chosen: CodingPlan;
}

/**
 * Describes both ways of computing a half, the whole picture and strips, and which one is taken now.
 *
 * @throws INVALID_ARGUMENT when the size does not fit the model.
 */
export async function describePlans(vae: Vae, work: PlannedWork): Promise<PlanReport> {
  checkVae("describePlans", vae);
  checkWork(work);
  const { half, width, height } = work;
  const factor = vae.spatialFactor;
  if (width % factor !== 0 || height % factor !== 0) {
    const message = `size: expected multiples of ${factor} for this model, found ${width}x${height}.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  const scale = half === "decoder" ? factor : 1;
  const inputSize = { batch: 1, height: height / scale, width: width / scale };
  const graph = vae.graph(half, inputSize);
  // Warns of damaged prices, too. The device and the threads are those that the model would run on.
  const chosen = await vae.plan(half, inputSize);
  const { device: provider, threadCount } = chosen;
  const { profile, source } = await loadProfile(profileKey(provider, threadCount));
  const strips = (): Plan =>
    describePlan(
      compileStrips(graph, { stripElements: defaultStripElements, chooseTile: chooseTile(profile) }),
      profile,
    );
  return {
    half,
    width,
    height,
    provider,
    threadCount,
    prices: source === "measured" ? source : isMeasuredProvider(provider) ? "default" : "guessed",
    whole: describePlan(rewrittenFor(graph, profile), profile),
    exact: unlessUnsupported(strips),
    chosen,
  };
}

function checkWork(work: PlannedWork): void {
  checkValue("describePlans", work, {
    expected: "what to plan, { half, width, height }",
    fits: (value) => typeof value === "object" && value !== null,
  });
  for (const key of ["half", "width", "height"] as const) {
    checkValue(`describePlans: ${key}`, work[key], workKinds[key]);
  }
  checkOptions("describePlans", work, workKinds);
}

function unlessUnsupported(plan: () => Plan): Plan | null {
  try {
    return plan();
  } catch (error) {
    if (error instanceof VaekitError && error.code === "UNSUPPORTED") return null;
    throw error;
  }
}
