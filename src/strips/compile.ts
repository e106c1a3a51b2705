/** Graph → program of strips. */
import type { ChooseTile } from "../cost/index.ts";
import { VaekitError } from "../errors.ts";
import type { Attention, Graph, LinearAttention, Value } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import { attentionGraph, attentionNames } from "./attention-graph.ts";
import { inBestOrder } from "./demand-order.ts";
import { heightOf, SegmentGeometry, type StripGeometry } from "./geometry.ts";
import { outputTensors, rowsOfStrips, type KeptMap, type StripMoments } from "./kept-map.ts";
import { leftOutBiases, type LeftOutBiases } from "./left-out-biases.ts";
import { emitLinearAttention } from "./linear-attention.ts";
import type { MapRows, ProgramSegment, StripProgram, TensorId } from "./program.ts";
import { ProgramWriter } from "./program-writer.ts";
import { lengthOf, moved, stripsOf } from "./rows.ts";
import { segmentation, type LocalSegment, type Segment, type Segmentation } from "./segments.ts";
import { isNorm } from "./step.ts";
import { StatisticsCompiler } from "./statistics.ts";
import { stripNames, type StripContext, type StripGraph } from "./strip-graph.ts";
import { StripGraphs } from "./strip-graphs.ts";

/** Elements of a strip where memory is no matter: about what the cores' caches hold with what is made of it. */
export const defaultStripElements = 2 ** 20;

export interface CompileOptions {
  /** About how many elements a strip of a map has. Smaller strips stay in the cache, and need less memory. */
  readonly stripElements: number;
  /** Which 3x3 convolutions of a strip become Winograd's. */
  readonly chooseTile: ChooseTile;
}

/** Rows of a strip are a multiple of this where they can be: no tile of Winograd's is cut then. */
const rowMultiple = 4;

/**
 * @param graph one input and one output, both [1, C, H, W].
 * @throws UNSUPPORTED when the graph cannot be computed by rows.
 */
export function compileStrips(graph: Graph, options: CompileOptions): StripProgram {
  return new StripCompiler(graph, options).compile();
}

/** A graph that computes strips, with its weights and the rows of maps that it reads. */
interface KnownGraph {
  readonly graph: number;
  readonly weights: Readonly<Record<string, TensorId>>;
  readonly maps: StripGraph["maps"];
}

class StripCompiler {
  readonly #graph: Graph;
  readonly #stripElements: number;
  readonly #stripGraphs: StripGraphs;
  readonly #segmentation: Segmentation;
  readonly #biases: LeftOutBiases;
  readonly #rowsPerStrip = new Map<string, number>();
  readonly #writer = new ProgramWriter();
  readonly #statistics: StatisticsCompiler;
  readonly #maps = new Map<string, KeptMap>();

  constructor(graph: Graph, options: CompileOptions) {
    const [input, output] = [...graph.inputs, ...graph.outputs];
    if (
      graph.inputs.length !== 1 ||
      graph.outputs.length !== 1 ||
      input!.shape[0] !== 1 ||
      output!.shape[0] !== 1
    ) {
      throw new VaekitError("UNSUPPORTED", "exact tiling: expected one input and one output of one picture.");
    }
    this.#graph = graph;
    this.#stripElements = options.stripElements;
    this.#stripGraphs = new StripGraphs(options.chooseTile);
    this.#segmentation = segmentation(graph);
    this.#biases = leftOutBiases(graph, this.#segmentation);
    this.#statistics = new StatisticsCompiler(this.#writer, graph, this.#segmentation, this.#biases);
  }

  compile(): StripProgram {
    const input = this.#graph.inputs[0]!;
    const output = this.#graph.outputs[0]!;
    this.#setRows([input]);
    this.#addMap(input, []);
    this.#segmentation.segments.forEach((segment, index) => {
      this.#writer.beginSegment(index);
      if (segment.kind === "local") this.#addLocal(segment);
      else if (segment.composite.kind === "Attention") this.#addAttention(segment.composite);
      else this.#addLinearAttention(segment.composite);
    });
    return {
      name: this.#graph.name,
      input,
      output,
      shapes: this.#writer.shapes,
      maps: [...this.#maps.values()].map(({ strips }) => strips.map(({ tensor }) => tensor)),
      graphs: this.#writer.graphs,
      weights: this.#writer.weights,
      operations: inBestOrder(this.#writer.shapes, this.#writer.operations),
      segments: this.#segmentation.segments.map((segment) => this.#described(segment)),
    };
  }

  #described(segment: Segment): ProgramSegment {
    const { kind } = segment;
    const nodes =
      kind === "local"
        ? segment.steps.flatMap((step) => (isNorm(step) ? [] : step))
        : this.#graph.nodes.filter(({ output }) => output.name === segment.composite.output.name);
    return { kind, layers: [...new Set(nodes.flatMap(({ labels }) => labels?.layer ?? []))] };
  }

  #addLocal(segment: LocalSegment): void {
    this.#setRows(segment.outputs, segment.inputs);
    const isMap = (value: Value): boolean => !this.#segmentation.fixed.has(value.name);
    const segmentGeometry = new SegmentGeometry(segment, this.#rowsPerStrip, isMap);
    const context = this.#contextOf(segment);
    const graphs = new Map<string, KnownGraph>();
    const outputs = segment.outputs.map((value) => this.#addMap(value, this.#emptyMoments(value)));
    // Strips of different heights may be computed in different ways, each with the weights in its own form.
    const forms = new Map<string, Record<string, TensorId>>();
    stripsOf(heightOf(segment.outputs[0]!), this.#rowsPerStrip.get(segment.outputs[0]!.name)!).forEach(
      (rows, index) => {
        const geometry = segmentGeometry.of(rows);
        let known = graphs.get(geometry.signature);
        if (known === undefined) {
          const { strip, text, weights, form, maps } = this.#stripGraphs.of(context, geometry);
          const tensors = forms.get(form) ?? (weights === undefined ? {} : this.#writer.emitWeights(weights));
          forms.set(form, tensors);
          known = { graph: this.#writer.graph(text, () => strip), weights: tensors, maps };
          graphs.set(geometry.signature, known);
        }
        this.#feed(geometry);
        this.#writer.emit({
          kind: "run",
          of: "strip",
          graph: known.graph,
          inputs: { ...this.#mapRows(known.maps, geometry), ...this.#affinesOf(segment), ...known.weights },
          outputs: Object.fromEntries(
            outputs.flatMap((map, output) => Object.entries(outputTensors(map, output, index))),
          ),
        });
        outputs.forEach(({ value, strips }) => {
          if (value.name !== this.#graph.outputs[0]!.name) return;
          this.#writer.emit({ kind: "fetch", tensor: strips[index]!.tensor, rows });
        });
      },
    );
    for (const map of outputs) this.#statistics.emit(map);
  }

  #contextOf(segment: LocalSegment): StripContext {
    const read = segment.steps.flatMap(({ inputs, output }) => [
      ...inputs,
      ...(this.#biases.restored.get(output.name) ?? []),
    ]);
    const needed = new Set(read.map(({ name }) => name));
    const fixedNodes = this.#graph.nodes
      .filter(({ output }) => this.#segmentation.fixed.has(output.name))
      .toReversed()
      .filter(({ output, inputs }) => {
        if (!needed.has(output.name)) return false;
        for (const { name } of inputs) needed.add(name);
        return true;
      })
      .toReversed();
    return {
      segment,
      fixedNodes,
      initializers: this.#graph.initializers.filter(({ value }) => needed.has(value.name)),
      isNormalized: (map) => this.#statistics.normsOf(map).length > 0,
      biases: this.#biases,
    };
  }

  #mapRows(maps: StripGraph["maps"], { inputs }: StripGeometry): Record<string, MapRows> {
    return Object.fromEntries(
      [...maps].map(([name, { input, rows }]) => {
        const { map, first, strips, rows: needed } = inputs[input]!;
        const kept = this.#maps.get(map.name)!.strips.slice(first, first + strips.length);
        return [name, rowsOfStrips(kept, moved(rows, needed.begin))];
      }),
    );
  }

  #affinesOf(segment: LocalSegment): Record<string, TensorId> {
    const affines = segment.steps.filter(isNorm).map((norm) => this.#statistics.affineOf(norm));
    return Object.fromEntries(
      affines.flatMap(({ scale, shift }, norm) => [
        [stripNames.scale(norm), scale],
        [stripNames.shift(norm), shift],
      ]),
    );
  }

  readonly #fed = new Set<TensorId>();

  /** Brings in the strips of the caller's tensor when they are first read. */
  #feed({ inputs }: StripGeometry): void {
    for (const { map, first, strips } of inputs) {
      if (map.name !== this.#graph.inputs[0]!.name) continue;
      strips.forEach((rows, index) => {
        const { tensor } = this.#maps.get(map.name)!.strips[first + index]!;
        if (this.#fed.has(tensor)) return;
        this.#fed.add(tensor);
        this.#writer.emit({ kind: "feed", tensor, rows });
      });
    }
  }

  #addLinearAttention(composite: LinearAttention): void {
    const [{ name }] = composite.inputs;
    this.#rowsPerStrip.set(composite.output.name, this.#rowsPerStrip.get(name)!);
    const output = this.#addMap(composite.output, []);
    emitLinearAttention(this.#writer, composite, this.#maps.get(name)!, output);
  }

  #addAttention(composite: Attention): void {
    const [query, key, value] = composite.inputs.map(({ name }) => this.#maps.get(name)!) as [
      KeptMap,
      KeptMap,
      KeptMap,
    ];
    this.#rowsPerStrip.set(composite.output.name, this.#rowsPerStrip.get(query.value.name)!);
    const output = this.#addMap(composite.output, []);
    const {
      query: queryName,
      key: keyName,
      value: valueName,
      mean,
      weight,
      nextMean,
      nextWeight,
    } = attentionNames;
    query.strips.forEach((strip, index) => {
      const [, rows, width, channels] = this.#writer.shapes[strip.tensor] as [number, number, number, number];
      let before: Record<string, TensorId> = {};
      key.strips.forEach((keys, step) => {
        const isLast = step === key.strips.length - 1;
        const shapes = { query: this.#writer.shapes[strip.tensor]!, key: this.#writer.shapes[keys.tensor]! };
        const attention = { ...shapes, isFirst: step === 0, isLast };
        const graph = this.#writer.graph(`attention ${JSON.stringify(attention)}`, () =>
          attentionGraph(attention),
        );
        const inputs = {
          [queryName]: strip.tensor,
          [keyName]: keys.tensor,
          [valueName]: value.strips[step]!.tensor,
          ...before,
        };
        const next: Record<string, TensorId> = isLast
          ? { [attentionNames.output]: output.strips[index]!.tensor }
          : {
              [nextMean]: this.#writer.tensor([1, rows * width, channels]),
              [nextWeight]: this.#writer.tensor([1, rows * width, 1]),
            };
        this.#writer.emit({ kind: "run", of: "strip", graph, inputs, outputs: next });
        if (!isLast) before = { [mean]: next[nextMean]!, [weight]: next[nextWeight]! };
      });
    });
  }

  #emptyMoments(map: Value): StripMoments[] {
    if (this.#statistics.normsOf(map).length === 0) return [];
    const shape = [1, 1, 1, map.shape[1]!];
    return stripsOf(heightOf(map), this.#rowsPerStrip.get(map.name)!).map((rows) => ({
      mean: this.#writer.tensor(shape),
      deviation: this.#writer.tensor(shape),
      pixels: lengthOf(rows) * map.shape[3]!,
    }));
  }

  #addMap(value: Value, moments: readonly StripMoments[]): KeptMap {
    const [, channels, height, width] = value.shape as [number, number, number, number];
    const strips = stripsOf(height, this.#rowsPerStrip.get(value.name)!).map((rows) => ({
      rows,
      tensor: this.#writer.tensor([1, lengthOf(rows), width, channels]),
    }));
    const map = { value, strips, moments };
    this.#maps.set(value.name, map);
    return map;
  }

  /** One height of strips for maps that are made together, by the largest of them and of those that they are made of. */
  #setRows(maps: readonly Value[], sources: readonly Value[] = []): void {
    const height = heightOf(maps[0]!);
    const rowElements = Math.max(...[...maps, ...sources].map(({ shape }) => sizeOf(shape) / height));
    const multiples = Math.floor(this.#stripElements / rowElements / rowMultiple);
    const rows = Math.min(height, Math.max(1, multiples) * rowMultiple);
    for (const { name } of maps) this.#rowsPerStrip.set(name, rows);
  }
}
