/** The graph that computes one strip of a segment's outputs. */
import { invariant } from "../errors.ts";
import {
  GraphBuilder,
  GraphCopy,
  type Graph,
  type GroupNormalization,
  type Initializer,
  type Node,
  type Pads,
  type Value,
} from "../graph/index.ts";
import { heightOf, type StripGeometry } from "./geometry.ts";
import { sumOf, type LeftOutBiases } from "./left-out-biases.ts";
import { clip, lengthOf, rowRule, rowsRead, type Rows } from "./rows.ts";
import type { LocalSegment } from "./segments.ts";
import { isNorm } from "./step.ts";

/** Names of the strip graph's inputs and outputs, by their place in the segment. */
export const stripNames = {
  input: (input: number, { begin, end }: Rows) => `input_${input}_${begin}_${end}`,
  scale: (norm: number) => `scale_${norm}`,
  shift: (norm: number) => `shift_${norm}`,
  output: (output: number) => `output_${output}`,
  mean: (output: number) => `mean_${output}`,
  deviation: (output: number) => `deviation_${output}`,
} as const;

/** A segment with what its graphs need to know of the whole graph. */
export interface StripContext {
  readonly segment: LocalSegment;
  /** The nodes on which the segment depends and which depend on initializers alone, in order. */
  readonly fixedNodes: readonly Node[];
  /** Whether statistics are taken of a map. */
  readonly isNormalized: (map: Value) => boolean;
  readonly biases: LeftOutBiases;
  /** Those on which the segment depends. */
  readonly initializers: readonly Initializer[];
}

/** What an input of the graph is: rows of an input of the segment, counted from the first row that is needed of it. */
export interface RowsOfInput {
  readonly input: number;
  readonly rows: Rows;
}

export interface StripGraph {
  readonly graph: Graph;
  /** By the names of the graph's inputs. */
  readonly maps: ReadonlyMap<string, RowsOfInput>;
}

/**
 * Inputs: rows of maps, [1, C, rows, W] each, and scale and shift [C, 1, 1] of every normalisation.
 * Outputs: a strip of each map, and, where the map is normalised later, the mean of every channel and the sum of the
 * squared deviations from it, [1, C, 1, 1] each. Weights are still initializers.
 */
export function stripGraph(context: StripContext, geometry: StripGeometry): StripGraph {
  return new StripGraphBuilder(context, geometry).build();
}

class StripGraphBuilder {
  readonly #builder = new GraphBuilder("strip");
  readonly #context: StripContext;
  readonly #geometry: StripGeometry;
  readonly #copy: GraphCopy;
  /** The segment's inputs by name. */
  readonly #inputs: ReadonlyMap<string, number>;
  readonly #maps = new Map<string, RowsOfInput & { readonly value: Value }>();

  constructor(context: StripContext, geometry: StripGeometry) {
    // No labels: layers of one structure share their graphs.
    this.#copy = new GraphCopy(context, this.#builder, () => ({}));
    this.#context = context;
    this.#geometry = geometry;
    this.#inputs = new Map(geometry.inputs.map(({ map }, index) => [map.name, index]));
  }

  build(): StripGraph {
    const { segment, isNormalized } = this.#context;
    const norms = segment.steps.filter(isNorm);
    for (const node of this.#context.fixedNodes) this.#copy.set(node.output, this.#copy.apply(node));
    for (const step of segment.steps) {
      const value = isNorm(step) ? this.#normalized(step, norms.indexOf(step)) : this.#applied(step);
      this.#copy.set(step.output, value);
    }
    const outputs: Record<string, Value> = {};
    segment.outputs.forEach((map, index) => {
      const strip = this.#copy.at(map);
      outputs[stripNames.output(index)] = strip;
      if (isNormalized(map)) Object.assign(outputs, this.#moments(strip, index));
    });
    return { graph: this.#builder.build(outputs), maps: this.#maps };
  }

  /** Rows of an input of the segment, counted from the first one that is needed of it. */
  #input(input: number, rows: Rows): Value {
    const name = stripNames.input(input, rows);
    const known = this.#maps.get(name);
    if (known !== undefined) return known.value;
    const [batch, channels, , width] = this.#geometry.inputs[input]!.map.shape as [
      number,
      number,
      number,
      number,
    ];
    const value = this.#builder.input(name, "float32", [batch, channels, lengthOf(rows), width]);
    this.#maps.set(name, { input, rows, value });
    return value;
  }

  #rowsOf(value: Value, { begin, end }: Rows): Value {
    if (begin === 0 && end === heightOf(value)) return value;
    return this.#builder.apply("Slice", [value], { axes: [2], starts: [begin], ends: [end] });
  }

  /** scale · x + shift */
  #normalized({ inputs: [x], output }: GroupNormalization, index: number): Value {
    const rows = this.#geometry.rows.get(output.name)!;
    const shape = [x.shape[1]!, 1, 1];
    const scale = this.#builder.input(stripNames.scale(index), "float32", shape);
    const shift = this.#builder.input(stripNames.shift(index), "float32", shape);
    const scaled = this.#builder.apply("Mul", [this.#at(x, rows), scale], {});
    return this.#builder.apply("Add", [scaled, shift], {});
  }

  /** The node over the rows that its output needs. */
  #applied(node: Node): Value {
    const { biases } = this.#context;
    const rows = this.#geometry.rows.get(node.output.name)!;
    const rule = rowRule(node);
    invariant(rule !== "all", `strips: ${node.output.name} is not computed by rows`);
    const read = rowsRead(rule, rows);
    const inputs = node.inputs.map((value) =>
      this.#isMap(value) ? this.#at(value, clip(read, heightOf(value))) : this.#copy.at(value),
    );
    if (node.operator === "Conv") {
      const [, left, , right] = node.attributes.pads;
      const height = heightOf(node.inputs[0]!);
      const pads: Pads = [Math.max(0, -read.begin), left, Math.max(0, read.end - height), right];
      const used = biases.lacking.has(node.output.name) ? inputs.slice(0, 2) : inputs;
      return this.#builder.apply("Conv", used, { ...node.attributes, pads });
    }
    const value = this.#plus(this.#copy.apply(node, inputs), biases.restored.get(node.output.name) ?? []);
    if (rule === "same" || rule.kind === "window") return value;
    const top = read.begin * rule.size; // blocks give whole blocks of rows
    return this.#rowsOf(value, { begin: rows.begin - top, end: rows.end - top });
  }

  #plus(map: Value, biases: readonly Value[]): Value {
    if (biases.length === 0) return map;
    const shape = [map.shape[1]!, 1, 1];
    const sum = sumOf(
      this.#builder,
      biases.map((bias) => this.#copy.at(bias)),
    );
    return this.#builder.apply("Add", [map, this.#builder.apply("Reshape", [sum], { shape })], {});
  }

  /** Rows of a value that exists with at least these. */
  #at(value: Value, { begin, end }: Rows): Value {
    const top = this.#geometry.rows.get(value.name)!.begin;
    const rows = { begin: begin - top, end: end - top };
    const input = this.#inputs.get(value.name);
    return input === undefined ? this.#rowsOf(this.#copy.at(value), rows) : this.#input(input, rows);
  }

  #isMap({ name }: Value): boolean {
    return this.#geometry.rows.has(name);
  }

  /** Deviations from the strip's own mean: sums of squares alone would lose what a large mean leaves. */
  #moments(strip: Value, index: number): Record<string, Value> {
    const axes = { axes: [2, 3], keepdims: true };
    const mean = this.#builder.apply("ReduceMean", [strip], axes);
    const centered = this.#builder.apply("Sub", [strip, mean], {});
    const squares = this.#builder.apply("Mul", [centered, centered], {});
    return {
      [stripNames.mean(index)]: mean,
      [stripNames.deviation(index)]: this.#builder.apply("ReduceSum", [squares], axes),
    };
  }
}
