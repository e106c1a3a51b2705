/** Reverse-mode differentiation: appends to a graph the nodes that compute gradients. */
import { InternalError, VaekitError } from "../errors.ts";
import type { GraphBuilder, Node, Value } from "../graph/index.ts";
import { sameShape, sizeOf, type Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { add } from "./arithmetic.ts";
import { Recomputation, type BlockOf, type Remembered } from "./recompute.ts";
import type { GradientRule, NoGradient, RuleContext } from "./rule.ts";
import { gradientRules, type GradientRules } from "./rules/index.ts";

/** One end of the walk: a value, and the gradient of the loss with respect to it. */
export interface Target {
  readonly value: Value;
  /** Of the value's shape; left out for a loss, whose gradient with respect to itself is 1. */
  readonly gradient?: Value;
}

export interface GradientsOptions {
  /** Values behind which nothing is differentiated, as after `detach()`. */
  readonly stopAt?: readonly Value[];
  /** Blocks that are computed again in the backward pass: less memory for more time. By default none. */
  readonly recompute?: BlockOf;
  /** Only for tests: another table of rules. */
  readonly rules?: GradientRules;
}

/**
 * The gradients of a loss (or of Σ ⟨value, gradient⟩ over several targets) with respect to `wrt`, in its order.
 * A value on which no target depends has the gradient zero.
 *
 * One walk over the nodes, last to first: when a node is reached, all uses of its output have added to the
 * output's gradient, and its rule passes that on to the inputs.
 *
 * @throws UNSUPPORTED when the way leads through an operator without a gradient.
 */
export function gradients(
  builder: GraphBuilder,
  targets: readonly Target[],
  wrt: readonly Value[],
  { stopAt = [], rules = gradientRules, recompute = () => undefined }: GradientsOptions = {},
): Value[] {
  const forward = [...builder.nodes];
  const active = dependents(forward, wrt, stopAt);
  const adjoints = new Adjoints(builder);
  return builder.scope("gradients", () => {
    for (const target of targets) adjoints.add(target.value, target.gradient ?? one(builder, target.value));
    const asked = new Set(wrt.map((value) => value.name));
    const inner = forward.filter((node) => !asked.has(node.output.name));
    const producers = new Map(inner.map((node) => [node.output.name, node]));
    const recomputation = new Recomputation(builder, forward, wrt, producers, recompute);
    const producerOf = (value: Value): Node | undefined => producers.get(value.name);
    for (const node of [...forward].reverse()) {
      if (!active.has(node.output.name)) continue;
      const gradient = adjoints.take(node.output, wrt);
      if (gradient === undefined) continue;
      const wants = (index: number): boolean => active.has(node.inputs[index]?.name ?? "");
      const full = takesBroadcast(node) ? gradient : expanded(builder, gradient, node.output);
      const known = builder.knownGradientOf(node.output);
      const inputs = known?.inputs ?? node.inputs;
      const at = recomputation.enter(node, full);
      const passed =
        known === undefined
          ? propagate(withValues(node, at), full, { builder, wants, producerOf }, rules)
          : known.rule(full, (index) => active.has(inputs[index]!.name), at);
      passed.forEach((each, index) => {
        if (each !== undefined) adjoints.add(inputs[index]!, each);
      });
    }
    return wrt.map((value) => {
      const gradient = adjoints.get(value);
      return gradient === undefined ? zeros(builder, value) : expanded(builder, gradient, value);
    });
  });
}

/** The names of the values that depend on one of `wrt`, these included. */
function dependents(nodes: readonly Node[], wrt: readonly Value[], stopAt: readonly Value[]): Set<string> {
  const names = new Set(wrt.map((value) => value.name));
  const stops = new Set(stopAt.map((value) => value.name));
  for (const { inputs, output } of nodes) {
    if (!stops.has(output.name) && inputs.some((input) => names.has(input.name))) names.add(output.name);
  }
  return names;
}

/** The gradients that have arrived at each value so far. */
class Adjoints {
  readonly #builder: GraphBuilder;
  readonly #sums = new Map<string, Value>();

  constructor(builder: GraphBuilder) {
    this.#builder = builder;
  }

  add(value: Value, gradient: Value): void {
    if (!broadcastsTo(gradient.shape, value.shape)) {
      throw new InternalError(`the gradient of ${value.name} is not of its shape: ${gradient.name}`);
    }
    const sum = this.#sums.get(value.name);
    this.#sums.set(value.name, sum === undefined ? gradient : add(this.#builder, sum, gradient));
  }

  get(value: Value): Value | undefined {
    return this.#sums.get(value.name);
  }

  /** The gradient of a value that gets no more of them; kept only where the caller asked for it. */
  take(value: Value, wrt: readonly Value[]): Value | undefined {
    const sum = this.get(value);
    if (!wrt.some(({ name }) => name === value.name)) this.#sums.delete(value.name);
    return sum;
  }
}

/** The node with its values as the backward pass has them. */
const withValues = (node: Node, at: Remembered): Node => ({
  ...node,
  inputs: node.inputs.map(at),
  output: at(node.output),
});

/** Whether a node's rule is right for a gradient of a smaller shape: products of values of one shape are. */
const takesBroadcast = ({ operator, inputs, output }: Node): boolean =>
  operator === "Mul" && inputs.every((input) => sameShape(input.shape, output.shape));

const broadcastsTo = (shape: Shape, target: Shape): boolean =>
  shape.length === target.length && shape.every((size, axis) => size === 1 || size === target[axis]);

const expanded = (builder: GraphBuilder, gradient: Value, { shape }: Value): Value =>
  sameShape(gradient.shape, shape) ? gradient : builder.apply("Expand", [gradient], { shape });

function propagate(
  node: Node,
  gradient: Value,
  context: RuleContext,
  rules: GradientRules,
): readonly (Value | undefined)[] {
  // The table's key and the node's type are the same K, which TypeScript cannot see across a union.
  const rule = rules[node.operator] as GradientRule<Node["operator"]> | NoGradient;
  if (typeof rule !== "function") {
    const message = `${node.output.name}: ${node.operator} has no gradient: ${rule.reason}.`;
    throw new VaekitError("UNSUPPORTED", message);
  }
  return rule(node, gradient, context).map((each, index) => (context.wants(index) ? each : undefined));
}

function one(builder: GraphBuilder, loss: Value): Value {
  if (sizeOf(loss.shape) !== 1) {
    const message = `gradients: expected a loss of one element, found ${loss.name} [${loss.shape.join(", ")}].`;
    throw new VaekitError("INVALID_ARGUMENT", `${message} Give the gradient of a larger target.`);
  }
  return constantLike(builder, loss, 1);
}

const zeros = (builder: GraphBuilder, value: Value): Value => constantLike(builder, value, 0);

function constantLike(builder: GraphBuilder, { dtype, shape }: Value, value: number): Value {
  const size = sizeOf(shape);
  const tensor =
    dtype === "float64"
      ? Tensor.from(new Float64Array(size).fill(value), shape)
      : Tensor.from(new Float32Array(size).fill(value), shape);
  return builder.constant(`${dtype}[${shape.join(",")}](${value})`, tensor);
}
