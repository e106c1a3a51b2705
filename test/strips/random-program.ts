/** Programs without meaning, but with what makes memory hard to plan: strips of all sizes, read near and far. */
import { GraphBuilder, type Graph } from "../../src/graph/index.ts";
import { Generator } from "../../src/random/index.ts";
import type { Operation, Scheduled, StripProgram } from "../../src/strips/program.ts";
import type { Shape } from "../../src/tensor/shape.ts";

function emptyGraph(): Graph {
  const builder = new GraphBuilder("empty");
  return builder.build({ y: builder.apply("Neg", [builder.input("x", "float32", [1, 1, 1, 1])], {}) });
}

/** A chain of maps, each made strip by strip of two maps before it; the last one is the output. */
export function randomProgram(seed: number): StripProgram {
  const uniform = Generator.philox(seed).randn([4096]).data;
  let drawn = 0;
  /** 0 … below - 1 */
  const draw = (below: number): number => Math.floor(Math.abs(uniform[drawn++ % 4096]!) * 1e4) % below;

  const shapes: Shape[] = [];
  const operations: Scheduled[] = [];
  const maps: number[][] = [];
  const emit = (operation: Operation, segment: number): number => operations.push({ ...operation, segment });
  const stripCount = 2 + draw(4);
  const mapCount = 3 + draw(6);
  for (let map = 0; map < mapCount; map++) {
    const size = 1 + draw(200);
    maps.push(Array.from({ length: stripCount }, () => shapes.push([1, size, 4, 1]) - 1));
    maps[map]!.forEach((tensor, strip) => {
      const rows = { begin: strip * 4, end: strip * 4 + 4 };
      if (map === 0) {
        emit({ kind: "feed", tensor, rows }, 0);
        return;
      }
      const sources = [maps[map - 1]!, maps[draw(map)]!];
      // Some segments read all strips again and again, as attention does; others read neighbours.
      const isWide = draw(3) === 0;
      const strips = isWide ? maps[0]!.map((_, index) => index) : [strip, Math.max(0, strip - 1)];
      for (const [step, other] of strips.entries()) {
        const tensors = sources.map((source, index) => [`x${index}`, source[other]!] as const);
        const neighbours = {
          strips: sources[0]!.slice(Math.max(0, other - 1), other + 2),
          rows: { begin: 0, end: 5 },
        };
        const inputs = { ...Object.fromEntries(tensors), neighbours };
        const isLast = step === strips.length - 1;
        const output = isLast ? tensor : shapes.push([1, 1 + draw(50), 1, 1]) - 1;
        emit({ kind: "run", of: "strip", graph: 0, inputs, outputs: { y: output } }, map);
      }
      if (map === mapCount - 1) emit({ kind: "fetch", tensor, rows }, map);
    });
  }
  const graph = emptyGraph();
  return {
    name: `random ${seed}`,
    input: graph.inputs[0]!,
    output: graph.outputs[0]!,
    shapes,
    maps,
    graphs: [graph],
    weights: [],
    operations,
    segments: maps.map(() => ({ kind: "local", layers: [] })),
  };
}
