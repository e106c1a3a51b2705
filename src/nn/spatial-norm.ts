/** Normalisation that depends on a map of lower resolution: MoVQ's. */
import type { Value } from "../graph/index.ts";
import type { ModuleContext } from "./context.ts";
import { conv2d, groupNorm } from "./layers.ts";

/**
 * norm_layer(x) · conv_y(z) + conv_b(z), with z repeated to the size of x. The 1x1 convolutions come before the repeating,
 * which gives the same bits with fewer multiplications.
 *
 * @param x [N, C, H, W], a whole multiple of z's size.
 * @param z [N, E, h, w]
 * @returns the shape of x.
 * @see diffusers, models/attention_processor.py (SpatialNorm)
 */
export function spatialNorm(context: ModuleContext, name: string, x: Value, z: Value, groups: number): Value {
  const { builder } = context;
  const scale = x.shape[2]! / z.shape[2]!;
  return builder.scope(name, () => {
    const normalized = groupNorm(context, `${name}.norm_layer`, x, groups);
    const ofPlace = (layer: string): Value => {
      const small = conv2d(context, `${name}.${layer}`, z, { outChannels: x.shape[1]!, kernelSize: 1 });
      return scale === 1 ? small : builder.apply("Resize", [small], { scales: [scale, scale] });
    };
    const scaled = builder.apply("Mul", [normalized, ofPlace("conv_y")], {});
    return builder.apply("Add", [scaled, ofPlace("conv_b")], {});
  });
}
