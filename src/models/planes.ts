/** What is the same in the graphs of all classes whose pictures and latents are planes. */
import { GraphBuilder, type Graph, type Value } from "../graph/index.ts";
import type { ModuleContext } from "../nn/index.ts";
import type { Shape } from "../tensor/shape.ts";
import {
  parametersFrom,
  shapesOfHalves,
  type FindParameter,
  type Half,
  type InputSize,
} from "./parameters.ts";

/** What a half makes of its input, by the name of the graph's output. */
export type BuildHalf = (context: ModuleContext, input: Value) => Readonly<Record<string, Value>>;

/** An encoder: input sample [N, C, H, W]. */
export const encoderGraph = (
  inChannels: number,
  size: InputSize,
  find: FindParameter,
  encode: BuildHalf,
): Graph => planesGraph("encoder", "sample", inChannels, size, find, encode);

/** A decoder: input latent_sample [N, L, h, w]. `size` is that of the latents. */
export const decoderGraph = (
  latentChannels: number,
  size: InputSize,
  find: FindParameter,
  decode: BuildHalf,
): Graph => planesGraph("decoder", "latent_sample", latentChannels, size, find, decode);

function planesGraph(
  name: Half,
  inputName: string,
  channels: number,
  { batch, height, width }: InputSize,
  find: FindParameter,
  build: BuildHalf,
): Graph {
  const builder = new GraphBuilder(name);
  const input = builder.input(inputName, "float32", [batch, channels, height, width]);
  return builder.build(build({ builder, parameter: parametersFrom(builder, find) }, input));
}

/**
 * Name and shape of every parameter, the encoder's first: what a checkpoint must hold.
 *
 * @param factor pixels that one latent covers along each side.
 * @param half of one half only.
 */
export function shapesOfPlanes(
  factor: number,
  build: { readonly [H in Half]: (size: InputSize, find: FindParameter) => Graph },
  half?: Half,
): Map<string, Shape> {
  return shapesOfHalves(
    {
      encoder: (find) => build.encoder({ batch: 1, height: factor, width: factor }, find),
      decoder: (find) => build.decoder({ batch: 1, height: 1, width: 1 }, find),
    },
    half,
  );
}
