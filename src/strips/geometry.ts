/** What a segment computes for one strip of its outputs: which rows of which value, from which strips of its inputs. */
import { invariant } from "../errors.ts";
import type { Value } from "../graph/index.ts";
import { clip, rowRule, rowsRead, stripsOf, union, type Rows } from "./rows.ts";
import { isNorm, type LocalSegment, type Step } from "./segments.ts";

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

/** The maps that a step reads; the other inputs are weights. */
export const mapsOf = (step: Step, isMap: (value: Value) => boolean): Value[] =>
  isNorm(step) ? [step.inputs[0]] : step.inputs.filter(isMap);

/** Walks back from the rows of the outputs to the rows of the inputs. */
export function stripGeometry(
  segment: LocalSegment,
  outputRows: Rows,
  rowsPerStrip: RowsPerStrip,
  isMap: (value: Value) => boolean,
): StripGeometry {
  const rows = new Map<string, Rows>(segment.outputs.map(({ name }) => [name, outputRows]));
  // Where the border cuts a value, and where its rows lie in those of the step that reads it.
  const facts: (string | number)[] = [outputRows.end - outputRows.begin];
  for (const step of segment.steps.toReversed()) {
    const wanted = rows.get(step.output.name);
    invariant(wanted !== undefined, `strips: nothing reads ${step.output.name}`);
    const rule = "kind" in step ? "same" : rowRule(step);
    invariant(rule !== "all", `strips: ${step.output.name} is not computed by rows`);
    const read = rowsRead(rule, wanted);
    for (const value of mapsOf(step, isMap)) {
      const cut = clip(read, heightOf(value));
      rows.set(value.name, union(rows.get(value.name), cut));
      facts.push(cut.begin - read.begin, read.end - cut.end, cut.end - cut.begin);
      if (typeof rule !== "string" && rule.kind === "block") facts.push(wanted.begin % rule.size);
    }
  }
  for (const step of segment.steps) facts.push(...offsets(step, rows, isMap));
  const inputs = segment.inputs.map((map) => inputStrips(map, rows.get(map.name)!, rowsPerStrip));
  for (const { strips, rows: needed } of inputs) {
    facts.push("input", ...strips.map(({ begin, end }) => end - begin), needed.begin, needed.end);
  }
  return { rows, inputs, signature: facts.join(" ") };
}

/** Where the rows that a step reads begin in the rows that exist of the value. */
function offsets(step: Step, rows: ReadonlyMap<string, Rows>, isMap: (value: Value) => boolean): number[] {
  const rule = "kind" in step ? "same" : rowRule(step);
  invariant(rule !== "all", `strips: ${step.output.name} is not computed by rows`);
  const read = rowsRead(rule, rows.get(step.output.name)!);
  return mapsOf(step, isMap).map((value) => clip(read, heightOf(value)).begin - rows.get(value.name)!.begin);
}

function inputStrips(map: Value, rows: Rows, rowsPerStrip: RowsPerStrip): InputStrips {
  const perStrip = rowsPerStrip.get(map.name)!;
  const first = Math.floor(rows.begin / perStrip);
  const last = Math.floor((rows.end - 1) / perStrip);
  const strips = stripsOf(heightOf(map), perStrip, first, last + 1);
  const top = strips[0]!.begin;
  return { map, first, strips, rows: { begin: rows.begin - top, end: rows.end - top } };
}
