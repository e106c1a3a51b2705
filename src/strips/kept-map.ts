/** A map that is kept between segments, as a program's tensors. */
import type { Value } from "../graph/index.ts";
import type { MapRows, TensorId } from "./program.ts";
import { moved, type Rows } from "./rows.ts";
import { stripNames } from "./strip-graph.ts";

/** The moments of one strip of a map, for every channel: as strips of one pixel, [1, 1, 1, C] each. */
export interface StripMoments {
  readonly mean: TensorId;
  /** Sum of squared deviations from that mean. */
  readonly deviation: TensorId;
  readonly pixels: number;
}

/** Its strips and, where it is normalised, their moments. */
export interface KeptMap {
  readonly value: Value;
  readonly strips: readonly { readonly rows: Rows; readonly tensor: TensorId }[];
  readonly moments: readonly StripMoments[];
}

/** @param rows counted from the first row of the first strip. */
export function rowsOfStrips(strips: KeptMap["strips"], rows: Rows): MapRows {
  const top = strips[0]!.rows.begin;
  const read = strips.filter(
    (strip) => strip.rows.end - top > rows.begin && strip.rows.begin - top < rows.end,
  );
  return { strips: read.map(({ tensor }) => tensor), rows: moved(rows, top - read[0]!.rows.begin) };
}

/** What a strip's graph gives, by the names of its outputs. */
export function outputTensors(
  { strips, moments }: KeptMap,
  output: number,
  strip: number,
): Record<string, TensorId> {
  const { mean, deviation } = moments[strip] ?? {};
  return {
    [stripNames.output(output)]: strips[strip]!.tensor,
    ...(mean === undefined ? {} : { [stripNames.mean(output)]: mean }),
    ...(deviation === undefined ? {} : { [stripNames.deviation(output)]: deviation }),
  };
}
