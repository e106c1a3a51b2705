/** The graphs of strips without their weights, made once for all layers of one structure. */
import { withBlocks, type ChooseTile } from "../cost/index.ts";
import { invariant } from "../errors.ts";
import { print, type Graph, type Value } from "../graph/index.ts";
import { channelsLast } from "../rewrite/index.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import type { StripGeometry } from "./geometry.ts";
import { hoistWeights } from "./hoist-weights.ts";
import { stripGraph, type StripContext, type StripGraph } from "./strip-graph.ts";
import { structureOf, type Structure } from "./structure.ts";

export interface PreparedStrip {
  /** With the channels of a pixel together; what it needs of the weights are inputs. */
  readonly strip: Graph;
  /** Equal for strip graphs that are one. */
  readonly text: string;
  /** Gives what the strip needs of the weights; undefined for nothing. */
  readonly weights: Graph | undefined;
  /** Equal, within one segment, for graphs of weights that are one. */
  readonly form: string;
  readonly maps: StripGraph["maps"];
}

interface Template extends PreparedStrip {
  /** The weights of the layer that it was made for. */
  readonly stored: readonly StoredTensor[];
}

export class StripGraphs {
  readonly #chooseTile: ChooseTile;
  readonly #structures = new WeakMap<StripContext, Structure>();
  readonly #templates = new Map<string, Template>();

  constructor(chooseTile: ChooseTile) {
    this.#chooseTile = chooseTile;
  }

  of(context: StripContext, geometry: StripGeometry): PreparedStrip {
    const structure = this.#structures.get(context) ?? structureOf(context);
    this.#structures.set(context, structure);
    const key = `${structure.text}\n${geometry.signature}`;
    const template = this.#templates.get(key) ?? this.#make(context, geometry, structure.stored);
    this.#templates.set(key, template);
    return {
      ...template,
      weights: template.weights && withWeights(template.weights, template.stored, structure.stored),
    };
  }

  #make(context: StripContext, geometry: StripGeometry, stored: readonly StoredTensor[]): Template {
    const { graph, maps } = stripGraph(context, geometry);
    const { strip: plain, weights } = hoistWeights(channelsLast(graph, this.#chooseTile));
    const strip = withBlocks(plain);
    const form = weights === undefined ? "" : print(weights);
    return { strip, text: print(strip), weights, form, maps, stored };
  }
}

/** The graph with other weights of the same types, one for one. */
function withWeights(graph: Graph, before: readonly StoredTensor[], after: readonly StoredTensor[]): Graph {
  if (before === after) return graph;
  const replacements = new Map(before.map(({ name }, index) => [name, after[index]!]));
  const renamed = (value: Value): Value => {
    const stored = replacements.get(value.name);
    return stored === undefined ? value : { ...value, name: stored.name };
  };
  return {
    ...graph,
    initializers: graph.initializers.map(({ value, data }) => {
      if ("constant" in data) return { value, data };
      const stored = replacements.get(data.stored.name);
      invariant(stored !== undefined, `strips: ${data.stored.name} is not a weight of its layer`);
      return { value: renamed(value), data: { stored } };
    }),
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(renamed) })),
  };
}
