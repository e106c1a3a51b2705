/** What the graphs of a segment depend on, but for which weights it has: layers of one structure share their graphs. */
import type { Initializer, Node, Value } from "../graph/index.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import { formatShape } from "../tensor/shape.ts";
import { isNorm } from "./step.ts";
import type { StripContext } from "./strip-graph.ts";

export interface Structure {
  /** Equal for segments whose graphs differ in nothing but the weights that they store. */
  readonly text: string;
  /** The weights, in an order that segments of one structure have in common. */
  readonly stored: readonly StoredTensor[];
}

export function structureOf(context: StripContext): Structure {
  return new StructureWriter(context).write();
}

/** Calls values by where they come from, not by their names. */
class StructureWriter {
  readonly #context: StripContext;
  readonly #names = new Map<string, string>();
  readonly #initializers: ReadonlyMap<string, Initializer>;
  readonly #stored: StoredTensor[] = [];

  constructor(context: StripContext) {
    this.#context = context;
    this.#initializers = new Map(context.initializers.map((each) => [each.value.name, each]));
  }

  write(): Structure {
    const { segment, fixedNodes, isNormalized } = this.#context;
    const inputs = segment.inputs.map((value) => this.#define(value));
    const fixed = fixedNodes.map((node) => this.#node(node));
    const steps = segment.steps.map((step) =>
      isNorm(step) ? `${this.#define(step.output)} = norm ${this.#at(step.inputs[0])}` : this.#node(step),
    );
    const outputs = segment.outputs.map((map) => `${this.#at(map)} ${isNormalized(map)}`);
    return { text: [inputs, ...fixed, ...steps, outputs].join("\n"), stored: this.#stored };
  }

  #node({ operator, attributes, inputs, output }: Node): string {
    const { lacking, restored } = this.#context.biases;
    const added = (restored.get(output.name) ?? []).map((bias) => this.#at(bias));
    const read = inputs.map((value) => this.#at(value));
    const isLacking = lacking.has(output.name);
    const attributesText = JSON.stringify(attributes);
    return `${this.#define(output)} = ${operator} ${attributesText} ${read.join()} + ${added.join()} ${isLacking}`;
  }

  #define(value: Value): string {
    const name = `${this.#names.size} ${typeOf(value)}`;
    this.#names.set(value.name, name);
    return name;
  }

  #at(value: Value): string {
    const known = this.#names.get(value.name);
    if (known !== undefined) return known;
    const initializer = this.#initializers.get(value.name);
    // Of constants, only those of one name are known to be one.
    if (initializer === undefined || "constant" in initializer.data) return `${value.name} ${typeOf(value)}`;
    this.#stored.push(initializer.data.stored);
    return this.#define(value);
  }
}

const typeOf = ({ dtype, shape }: Value): string => `${dtype}${formatShape(shape)}`;
