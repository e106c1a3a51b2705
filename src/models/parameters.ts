/** How a model's graphs come to their parameters, and which those are. */
import type { Graph, GraphBuilder } from "../graph/index.ts";
import type { ModuleContext } from "../nn/index.ts";
import { bytesInMemory } from "../tensor/byte-source.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";

/** The two halves of an autoencoder. */
export type Half = "encoder" | "decoder";

/** Finds a parameter in the checkpoint; it must have the shape that the model gives it. */
export type FindParameter = (name: string, shape: Shape) => StoredTensor;

/** The size of one run: how many pictures of what size. Rows are pictures of one pixel. */
export interface InputSize {
  /** How many pictures. */
  readonly batch: number;
  /** Pixels for the encoder, latents for the decoder. */
  readonly height: number;
  /** Pixels for the encoder, latents for the decoder. */
  readonly width: number;
}

/** A builder whose parameters come from `find`, widened to float32 where the file has fewer bits. */
export function parametersFrom(builder: GraphBuilder, find: FindParameter): ModuleContext["parameter"] {
  return (name, shape, viewShape = shape) => {
    const weight = builder.stored(find(name, shape), viewShape);
    return weight.dtype === "float32" ? weight : builder.apply("Cast", [weight], { to: "float32" });
  };
}

/** How the graph of each half is built for its smallest size. */
export type SmallestHalves = { readonly [H in Half]: (find: FindParameter) => Graph };

/**
 * Name and shape of every parameter that the graphs ask for while they are built: the encoder's first, or those of one
 * half only.
 */
export function shapesOfHalves({ encoder, decoder }: SmallestHalves, half?: Half): Map<string, Shape> {
  return new Map([
    ...(half === "decoder" ? [] : shapesAskedFor(encoder)),
    ...(half === "encoder" ? [] : shapesAskedFor(decoder)),
  ]);
}

function shapesAskedFor(build: (find: FindParameter) => Graph): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  build((name, shape) => {
    shapes.set(name, shape);
    return { name, shape, dtype: "float32", source: nothing, byteOffset: 0, byteLength: 4 * sizeOf(shape) };
  });
  return shapes;
}

const nothing = bytesInMemory(new Uint8Array());
