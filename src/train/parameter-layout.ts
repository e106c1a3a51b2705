/**
 * All trainable parameters as one vector. The optimizer then works on a handful of long tensors instead of on
 * hundreds of short ones, and a checkpoint's tensors are views of it.
 */
import { VaekitError } from "../errors.ts";
import type { GraphBuilder, Value } from "../graph/index.ts";
import { sameShape, sizeOf, type Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

interface Place {
  readonly name: string;
  readonly shape: Shape;
  readonly start: number;
  readonly end: number;
}

/**
 * Some parameters in a row. Graphs know the vector by pieces, which are tensors of their own: what an elementwise
 * chain leaves between its operations then stays in the cache, and nothing is cut or joined.
 */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly places: readonly Place[];
}

/** 2 MiB of float32: several pieces fit into the cache. A larger parameter is a piece by itself. */
const maxPieceSize = 2 ** 19;

export class ParameterLayout {
  readonly places: readonly Place[];
  readonly pieces: readonly Piece[];
  /** The number of parameters. */
  readonly size: number;

  constructor(shapes: ReadonlyMap<string, Shape>) {
    let start = 0;
    this.places = [...shapes].map(([name, shape]) => {
      const place = { name, shape, start, end: start + sizeOf(shape) };
      start = place.end;
      return place;
    });
    this.size = start;
    this.pieces = piecesOf(this.places);
  }

  /** The parameters as views of `vector` [size]. */
  split(vector: Tensor<"float32">): Map<string, Tensor<"float32">> {
    return new Map(
      this.places.map(({ name, shape, start, end }) => [
        name,
        Tensor.from(vector.data.subarray(start, end), shape),
      ]),
    );
  }

  /** The vector [size] of the parameters. @throws WEIGHTS_MISMATCH when one is missing or of another shape. */
  join(tensors: ReadonlyMap<string, Tensor>): Tensor<"float32"> {
    const vector = new Float32Array(this.size);
    for (const { name, shape, start } of this.places) {
      const tensor = tensors.get(name);
      if (tensor === undefined || !sameShape(tensor.shape, shape)) {
        const found = tensor === undefined ? "none" : `[${tensor.shape.join(", ")}]`;
        const message = `expected parameter ${name} of shape [${shape.join(", ")}], found ${found}.`;
        throw new VaekitError("WEIGHTS_MISMATCH", message);
      }
      vector.set(tensor.toFloat32().data, start);
    }
    return Tensor.from(vector, [this.size]);
  }

  /** The names of the pieces of the vector `name` in a runtime's state. */
  pieceNames(name: string): string[] {
    return this.pieces.length === 1 ? [name] : this.pieces.map((_, index) => `${name}[${index}]`);
  }

  /** The pieces of a vector [size], as views of it. */
  cut(vector: Tensor<"float32">): Tensor<"float32">[] {
    return this.pieces.map(({ start, end }) => Tensor.from(vector.data.subarray(start, end), [end - start]));
  }

  /** The vector [size] of its pieces. */
  joinPieces(pieces: readonly Tensor<"float32">[]): Tensor<"float32"> {
    const vector = new Float32Array(this.size);
    this.pieces.forEach(({ start }, index) => {
      vector.set(pieces[index]!.data, start);
    });
    return Tensor.from(vector, [this.size]);
  }

  /** In a graph: an input for each piece of the state's vector `name`. */
  inputs(builder: GraphBuilder, name: string): Value[] {
    const names = this.pieceNames(name);
    return this.pieces.map(({ start, end }, index) => builder.input(names[index]!, "float32", [end - start]));
  }

  /** In a graph: the parameters' values, sliced out of those of the pieces. */
  splitValues(builder: GraphBuilder, pieces: readonly Value[]): Map<string, Value> {
    const entries = this.pieces.flatMap(({ places, start: offset }, index) => {
      // ONNX Runtime makes one operator of all slices of a value, if nothing but slices reads it.
      const row = builder.apply("Reshape", [pieces[index]!], { shape: [1, pieces[index]!.shape[0]!] });
      return places.map(({ name, shape, start, end }) => {
        const range = { axes: [1], starts: [start - offset], ends: [end - offset] };
        const slice = places.length === 1 ? row : builder.apply("Slice", [row], range);
        return [name, builder.apply("Reshape", [slice], { shape })] as const;
      });
    });
    return new Map(entries);
  }

  /** In a graph: pieces in which these parameters have other values. */
  withValues(builder: GraphBuilder, pieces: readonly Value[], others: ReadonlyMap<string, Value>): Value[] {
    return this.pieces.map(({ places, start: offset, end: last }, index) => {
      const piece = pieces[index]!;
      if (!places.some(({ name }) => others.has(name))) return piece;
      const part = (start: number, end: number): Value[] =>
        start === end
          ? []
          : [builder.apply("Slice", [piece], { axes: [0], starts: [start - offset], ends: [end - offset] })];
      let done = offset;
      const parts = places.flatMap(({ name, start, end }) => {
        const other = others.get(name);
        if (other === undefined) return [];
        const before = part(done, start);
        done = end;
        return [...before, builder.apply("Reshape", [other], { shape: [end - start] })];
      });
      const all = [...parts, ...part(done, last)];
      return all.length === 1 ? all[0]! : builder.apply("Concat", all, { axis: 0 });
    });
  }

  /** In a graph: the pieces of a vector, of values in the order of `places`. */
  joinValues(builder: GraphBuilder, values: readonly Value[]): Value[] {
    let first = 0;
    return this.pieces.map(({ places }) => {
      const flat = values
        .slice(first, (first += places.length))
        .map((value) =>
          value.shape.length === 1
            ? value
            : builder.apply("Reshape", [value], { shape: [sizeOf(value.shape)] }),
        );
      return flat.length === 1 ? flat[0]! : builder.apply("Concat", flat, { axis: 0 });
    });
  }
}

function piecesOf(places: readonly Place[]): Piece[] {
  const groups: Place[][] = [];
  for (const place of places) {
    const group = groups.at(-1);
    if (group !== undefined && place.end - group[0]!.start <= maxPieceSize) group.push(place);
    else groups.push([place]);
  }
  return groups.map((group) => ({ start: group[0]!.start, end: group.at(-1)!.end, places: group }));
}
