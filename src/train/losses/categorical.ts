/** -log p(x|z) of pixels whose levels have probabilities of their own: PyTorch's cross_entropy. */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { levelWidth, lowestLevel, type CategoricalPixels, type PixelRange } from "../../models/index.ts";
import { add, divide, multiply, subtract, sumOver } from "./arithmetic.ts";
import { perExample } from "./reduction.ts";

/**
 * The cross-entropy of each value's nearest level, summed over each picture: [N].
 *
 * @param logits [N, ..., levels].
 * @param x [N, ...] in the pixels' range.
 * @see torch.nn.functional.cross_entropy
 */
export function categorical(
  builder: GraphBuilder,
  { levels, range }: CategoricalPixels & { readonly range: PixelRange },
  logits: Value,
  x: Value,
): Value {
  const last = [logits.shape.length - 1];
  const whole = builder.apply("ReduceLogSumExp", [logits], { axes: last, keepdims: false });
  const chosen = sumOver(builder, multiply(builder, logits, nearestLevels(builder, levels, range, x)), last);
  return perExample(builder, subtract(builder, whole, chosen));
}

/** x [N, ...] → [N, ..., levels]: 1 at the nearest level. */
function nearestLevels(builder: GraphBuilder, levels: number, range: PixelRange, x: Value): Value {
  const places = divide(builder, subtract(builder, x, lowestLevel(range)), levelWidth(levels, range));
  const inside = builder.apply("Clip", [places], { min: 0, max: levels - 1 });
  // A cast cuts off what is behind the point.
  const indices = builder.apply("Cast", [add(builder, inside, 0.5)], { to: "int64" });
  return builder.apply("OneHot", [indices], { depth: levels });
}
