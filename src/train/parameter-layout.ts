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

export class ParameterLayout {
  readonly places: readonly Place[];
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

  /** In a graph: the parameters' values, sliced out of the vector's. */
  splitValue(builder: GraphBuilder, vector: Value): Map<string, Value> {
    return new Map(
      this.places.map(({ name, shape, start, end }) => {
        const slice = builder.apply("Slice", [vector], { axes: [0], starts: [start], ends: [end] });
        return [name, shape.length === 1 ? slice : builder.apply("Reshape", [slice], { shape })];
      }),
    );
  }

  /** In a graph: one vector of values in the order of `places`. */
  joinValues(builder: GraphBuilder, values: readonly Value[]): Value {
    const flat = values.map((value) =>
      value.shape.length === 1 ? value : builder.apply("Reshape", [value], { shape: [sizeOf(value.shape)] }),
    );
    return flat.length === 1 ? flat[0]! : builder.apply("Concat", flat, { axis: 0 });
  }
}
