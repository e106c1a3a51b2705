/** What a graph is made of for strips: nodes, and whole composites where all rows are needed at once. */
import type { Attention, GroupNormalization, LinearAttention, Node } from "../graph/index.ts";

/** A composite that needs whole pictures. */
export type WholeComposite = Attention | GroupNormalization | LinearAttention;

/** A node, or a composite that needs whole pictures in place of its nodes. */
export type Step = Node | WholeComposite;

export const isNorm = (step: Step): step is GroupNormalization =>
  "kind" in step && step.kind === "GroupNormalization";
