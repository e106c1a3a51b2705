/** Differentiation of graphs: the result is again a graph. */
export { gradients, type GradientsOptions, type Target } from "./gradients.ts";
export type { BlockOf } from "./recompute.ts";
export type { GradientRule, NoGradient, RuleContext } from "./rule.ts";
export { gradientRules, type GradientRules } from "./rules/index.ts";
