/** The statistics of a program's normalisations, as runs between those of strips. */
import type { Graph, GroupNormalization, Value } from "../graph/index.ts";
import { affineGraph, affineNames } from "./affine-graph.ts";
import type { KeptMap } from "./kept-map.ts";
import type { LeftOutBiases } from "./left-out-biases.ts";
import type { MapRows, TensorId } from "./program.ts";
import type { ProgramWriter } from "./program-writer.ts";
import type { Segmentation } from "./segments.ts";
import { statisticsGraph, statisticsNames } from "./statistics-graph.ts";

/** One factor and one summand for each channel, [C] each. */
export interface ChannelAffine {
  readonly scale: TensorId;
  readonly shift: TensorId;
}

export class StatisticsCompiler {
  readonly #writer: ProgramWriter;
  readonly #graph: Graph;
  readonly #segmentation: Segmentation;
  readonly #biases: LeftOutBiases;
  /** Weights, biases and offsets of all normalisations, once there is one. */
  #weights: Readonly<Record<string, TensorId>> | undefined;
  /** By the output of the normalisation. */
  readonly #affines = new Map<string, ChannelAffine>();

  constructor(writer: ProgramWriter, graph: Graph, segmentation: Segmentation, biases: LeftOutBiases) {
    this.#writer = writer;
    this.#graph = graph;
    this.#segmentation = segmentation;
    this.#biases = biases;
  }

  normsOf(map: Value): GroupNormalization[] {
    return this.#segmentation.norms.filter(({ inputs: [x] }) => x.name === map.name);
  }

  /** Joins the moments of a map's strips for every normalisation of it. */
  emit(map: KeptMap): void {
    for (const norm of this.normsOf(map.value)) this.#affines.set(norm.output.name, this.#join(map, norm));
  }

  affineOf({ output }: GroupNormalization): ChannelAffine {
    return this.#affines.get(output.name)!;
  }

  #join({ value, moments }: KeptMap, { output, groups, epsilon }: GroupNormalization): ChannelAffine {
    const channels = value.shape[1]!;
    const hasOffset = this.#biases.lacking.has(value.name);
    const options = { channels, groups, epsilon, pixels: moments.map(({ pixels }) => pixels), hasOffset };
    const graph = this.#writer.graph(`statistics ${JSON.stringify(options)}`, () => statisticsGraph(options));
    const weights = (this.#weights ??= this.#writer.emitWeights(this.#affineGraph()));
    const joined = (tensors: TensorId[]): MapRows => ({
      strips: tensors,
      rows: { begin: 0, end: tensors.length },
    });
    const affine = { scale: this.#writer.tensor([channels]), shift: this.#writer.tensor([channels]) };
    this.#writer.emit({
      kind: "run",
      of: "statistics",
      graph,
      inputs: {
        [statisticsNames.mean]: joined(moments.map(({ mean }) => mean)),
        [statisticsNames.deviation]: joined(moments.map(({ deviation }) => deviation)),
        [statisticsNames.weight]: weights[affineNames.weight(output)]!,
        [statisticsNames.bias]: weights[affineNames.bias(output)]!,
        ...(hasOffset ? { [statisticsNames.offset]: weights[affineNames.offset(output)]! } : {}),
      },
      outputs: { [statisticsNames.scale]: affine.scale, [statisticsNames.shift]: affine.shift },
    });
    return affine;
  }

  #affineGraph(): Graph {
    return affineGraph(this.#graph, this.#segmentation, this.#biases.lacking);
  }
}
