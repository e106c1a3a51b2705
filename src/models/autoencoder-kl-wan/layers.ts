/**
 * What the layers of these classes have of their own: kernels of which a picture meets the last frame alone, and
 * attention whose three projections are one.
 */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { attend, conv2d, rmsNorm, silu, type ModuleContext } from "../../nn/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { parametersFrom, type FindParameter } from "../parameters.ts";

/** What modules need: `parameter` of convolutions in the plane, `causal` of those that a video has in time, too. */
export interface WanContext extends ModuleContext {
  readonly causal: ModuleContext;
  /** Whether the kernels of `causal` have an axis of time in the file. */
  readonly hasTime: boolean;
  /** Names a tensor that a picture never meets, so that it counts as the model's. */
  keep(name: string, shape: Shape): void;
}

export function wanContext(builder: GraphBuilder, find: FindParameter, hasTime: boolean): WanContext {
  const parameter = parametersFrom(builder, find);
  const causal = hasTime ? { builder, parameter: lastFrames(builder, find) } : { builder, parameter };
  const keep = (name: string, shape: Shape): void => void find(name, shape);
  return { builder, parameter, causal, hasTime, keep };
}

/**
 * Kernels [O, I, k, k] of those [O, I, k, k, k] of a file. Causal padding puts zeros before the only frame, so the last
 * place in time alone meets it. Its numbers lie apart in the file: a Slice, which ONNX Runtime folds when a session is made,
 * gathers them, so that weights stay mapped, half of the model is never read for the other, and nothing waits when a
 * model is opened. Files that were made two-dimensional have [O, I, k, k] themselves.
 */
function lastFrames(builder: GraphBuilder, find: FindParameter): ModuleContext["parameter"] {
  const plain = parametersFrom(builder, find);
  return (name, shape) => {
    if (shape.length !== 4) return plain(name, shape);
    const [outChannels, inChannels, size] = shape as [number, number, number, number];
    const stored = find(name, [outChannels, inChannels, size, size, size]);
    if (size === 1 || stored.shape.length === 4) return parametersFrom(builder, () => stored)(name, shape);
    const frames = builder.stored(stored, [outChannels * inChannels, size, size * size]);
    const last = builder.apply("Slice", [frames], { axes: [1], starts: [size - 1], ends: [size] });
    const kernels = builder.apply("Reshape", [last], { shape });
    return kernels.dtype === "float32" ? kernels : builder.apply("Cast", [kernels], { to: "float32" });
  };
}

/** Of the normalisations of residual blocks and ends; attention has one axis fewer. */
const normalized = (context: WanContext, name: string, x: Value): Value =>
  rmsNorm(context, name, x, [x.shape[1]!, 1, 1, 1]);

/** Normalise, SiLU and a 3x3 convolution. */
export function activatedConv(
  context: WanContext,
  [norm, conv]: readonly [norm: string, conv: string],
  x: Value,
  outChannels: number,
): Value {
  const activated = silu(context.builder, normalized(context, norm, x));
  return conv2d(context.causal, conv, activated, { outChannels, kernelSize: 3 });
}

/** conv2(silu(norm2(conv1(silu(norm1(x)))))) + shortcut(x). x [N, C, H, W] → [N, outChannels, H, W] */
export function residualBlock(context: WanContext, name: string, x: Value, outChannels: number): Value {
  const { builder, causal } = context;
  return builder.scope(name, () => {
    let h = activatedConv(context, [`${name}.norm1`, `${name}.conv1`], x, outChannels);
    h = activatedConv(context, [`${name}.norm2`, `${name}.conv2`], h, outChannels);
    const shortcut =
      x.shape[1] === outChannels
        ? x
        : conv2d(causal, `${name}.conv_shortcut`, x, { outChannels, kernelSize: 1 });
    return builder.apply("Add", [h, shortcut], {});
  });
}

/** x + proj(softmax(q kᵀ / √C) v), where q, k and v come of one projection. x [N, C, H, W] → the same shape */
export function attentionBlock(context: WanContext, name: string, x: Value): Value {
  const { builder } = context;
  const channels = x.shape[1]!;
  return builder.scope(name, () => {
    const h = rmsNorm(context, `${name}.norm`, x, [channels, 1, 1]);
    const [query, key, value] = projections(context, `${name}.to_qkv`, h);
    const attended = builder.labelled({ layer: name }, () => attend(context, query, key, value));
    const projected = conv2d(context, `${name}.proj`, attended, { outChannels: channels, kernelSize: 1 });
    return builder.apply("Add", [projected, x], {});
  });
}

/** A third of the kernels for each, so that three maps are made and none is cut. */
function projections(context: WanContext, name: string, x: Value): [query: Value, key: Value, value: Value] {
  const { builder } = context;
  const channels = x.shape[1]!;
  const weight = context.parameter(`${name}.weight`, [3 * channels, channels, 1, 1]);
  const bias = context.parameter(`${name}.bias`, [3 * channels]);
  const third = (value: Value, index: number): Value =>
    builder.apply("Slice", [value], {
      axes: [0],
      starts: [index * channels],
      ends: [(index + 1) * channels],
    });
  const projection = (index: number): Value =>
    builder.labelled({ layer: name }, () =>
      builder.apply("Conv", [x, third(weight, index), third(bias, index)], {
        strides: [1, 1],
        pads: [0, 0, 0, 0],
      }),
    );
  return [projection(0), projection(1), projection(2)];
}
