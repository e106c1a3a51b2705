/**
 * The decay of a moving average of the weights: average ← decay · average + (1 - decay) · weights.
 *
 * @see diffusers, training_utils.py: EMAModel.get_decay
 */
import { checkValue, oneOf, type OptionKinds } from "../../util/check-options.ts";
import { checkSchedule, countKind, shareKind } from "./check-schedule.ts";

/** How the decay of the average grows to its limit. */
export interface EmaSchedule {
  /** Upper limit of the decay; EMAModel's default is 0.9999. */
  readonly decay: number;
  /**
   * How the decay grows, t being the updates before this one: "ratio": (1 + t) / (10 + t), EMAModel's default;
   * "power": 1 - (1 + t)^(-2/3), its use_ema_warmup with inv_gamma 1 and power 2/3. In both the first update copies the
   * weights (decay 0). "none": `decay` from the first update on.
   */
  readonly warmup: "ratio" | "power" | "none";
}

const kinds: OptionKinds<EmaSchedule> = { decay: shareKind, warmup: oneOf(["ratio", "power", "none"]) };

/**
 * The decay at one update, 0 to 1.
 *
 * @param update the number of this update of the average, from 1 on: EMAModel's optimization_step.
 * @throws INVALID_ARGUMENT on another schedule or number.
 */
export function emaDecay(schedule: EmaSchedule, update: number): number {
  checkSchedule("emaDecay", schedule, kinds);
  checkValue("emaDecay: update", update, countKind);
  const { decay, warmup } = schedule;
  if (warmup === "none") return decay;
  const before = update - 1;
  if (before <= 0) return 0;
  const grown = warmup === "power" ? 1 - (1 + before) ** (-2 / 3) : (1 + before) / (10 + before);
  return Math.min(grown, decay);
}
