/** What a segment computes for one strip of its outputs: which rows of which value, from which strips of its inputs. */
import { invariant } from "../errors.ts";
import type { Value } from "../graph/index.ts";
import {
  clip,
  lengthOf,
  moved,
  rowRule,
  rowsRead,
  stripsOf,
  union,
  type RowRule,
  type Rows,
} from "./rows.ts";
import type { LocalSegment } from "./segments.ts";
import { isNorm, type Step } from "./step.ts";

/** The strips of an input map that a strip needs rows of. */
export interface InputStrips {
  readonly map: Value;
  /** Index of the first strip. */
  readonly first: number;
  /** All rows of each strip, in order. */
  readonly strips: readonly Rows[];
  /** The rows that are needed, counted from the first row of the first strip. */
  readonly rows: Rows;
}

export interface StripGeometry {
  /** The rows of every value that are computed, by name. */
  readonly rows: ReadonlyMap<string, Rows>;
  readonly inputs: readonly InputStrips[];
  /** Equal for strips that one graph computes. */
  readonly signature: string;
}

/** How many rows a strip of each kept map has, by name. */
export type RowsPerStrip = ReadonlyMap<string, number>;

export const heightOf = ({ shape }: Value): number => shape[2]!;

/** A step as rows see it. */
interface Reading {
  readonly output: string;
  readonly rule: Exclude<RowRule, "all">;
  readonly maps: readonly Value[];
}

export class SegmentGeometry {
  readonly #segment: LocalSegment;
  readonly #rowsPerStrip: RowsPerStrip;
  /** From the last step to the first. */
  readonly #readings: readonly Reading[];
  /** By the name of a value: how many of its rows there are for one of the outputs'. */
  readonly #density = new Map<string, number>();

  /** @param isMap says of a step's input whether it is a map; the others are weights. */
  constructor(segment: LocalSegment, rowsPerStrip: RowsPerStrip, isMap: (value: Value) => boolean) {
    this.#segment = segment;
    this.#rowsPerStrip = rowsPerStrip;
    this.#readings = segment.steps.toReversed().map((step) => readingOf(step, isMap));
    for (const { name } of segment.outputs) this.#density.set(name, 1);
    for (const { output, rule, maps } of this.#readings) {
      const density = this.#density.get(output);
      invariant(density !== undefined, `strips: nothing reads ${output}`);
      for (const { name } of maps) this.#density.set(name, density * densityOf(rule));
    }
  }

  /** Walks back from the rows of the outputs to the rows of the inputs. */
  of(outputRows: Rows): StripGeometry {
    const rows = new Map<string, Rows>(this.#segment.outputs.map(({ name }) => [name, outputRows]));
    for (const { output, rule, maps } of this.#readings) {
      const read = rowsRead(rule, rows.get(output)!);
      for (const value of maps) {
        rows.set(value.name, union(rows.get(value.name), clip(read, heightOf(value))));
      }
    }
    const inputs = this.#segment.inputs.map((map) => this.#inputStrips(map, rows.get(map.name)!));
    return { rows, inputs, signature: this.#signature(rows, outputRows.begin) };
  }

  /**
   * Where the rows of every value lie, seen from the outputs' first row. Where the picture's border cuts them off they begin later, or
   * end earlier, than elsewhere.
   */
  #signature(rows: ReadonlyMap<string, Rows>, firstRow: number): string {
    let signature = "";
    for (const [name, value] of rows) {
      signature += `${value.begin - firstRow * this.#density.get(name)!}+${lengthOf(value)} `;
    }
    return signature;
  }

  #inputStrips(map: Value, rows: Rows): InputStrips {
    const perStrip = this.#rowsPerStrip.get(map.name)!;
    const first = Math.floor(rows.begin / perStrip);
    const last = Math.floor((rows.end - 1) / perStrip);
    const strips = stripsOf(heightOf(map), perStrip, first, last + 1);
    return { map, first, strips, rows: moved(rows, -strips[0]!.begin) };
  }
}

function readingOf(step: Step, isMap: (value: Value) => boolean): Reading {
  const output = step.output.name;
  if (isNorm(step)) return { output, rule: "same", maps: [step.inputs[0]] };
  const rule = "kind" in step ? "all" : rowRule(step);
  invariant(rule !== "all", `strips: ${output} is not computed by rows`);
  return { output, rule, maps: step.inputs.filter(isMap) };
}

/** How many rows of the input there are for one of the output. */
function densityOf(rule: Reading["rule"]): number {
  if (rule === "same") return 1;
  return rule.kind === "window" ? rule.stride : 1 / rule.size;
}
