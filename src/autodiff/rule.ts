/** What a gradient rule gets and gives. */
import type { GraphBuilder, Node, NodeOf, OperatorName, Value } from "../graph/index.ts";

export interface RuleContext {
  readonly builder: GraphBuilder;
  /** Whether the gradient of the node's input `index` is wanted; what is not wanted need not be computed. */
  readonly wants: (index: number) => boolean;
  /**
   * The node whose output `value` is; undefined for an input, an initializer, or a value whose own gradient is
   * asked for: a rule must not reach past that.
   */
  readonly producerOf: (value: Value) => Node | undefined;
}

/**
 * The vector-Jacobian product of one operator: from the gradient of the loss with respect to the node's output
 * to its gradients with respect to the inputs, in their order; undefined where it is not wanted. A gradient may
 * have a shape that broadcasts to its input's: it is expanded when that is needed, and not before.
 */
export type GradientRule<K extends OperatorName> = (
  node: NodeOf<K>,
  gradient: Value,
  context: RuleContext,
) => readonly (Value | undefined)[];

/** An operator that cannot be differentiated, and why. */
export interface NoGradient {
  readonly reason: string;
}
