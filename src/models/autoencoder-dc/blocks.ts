/**
 * The two blocks of DC-AE. Neither changes the number of channels or the resolution.
 *
 * @see diffusers, models/autoencoders/autoencoder_dc.py, models/transformers/sana_transformer.py (GLUMBConv)
 */
import type { Value } from "../../graph/index.ts";
import {
  activations,
  conv2d,
  linear,
  linearAttend,
  pixelNorm,
  silu,
  storedBatchNorm,
  type ModuleContext,
} from "../../nn/index.ts";
import type { Stage } from "./config.ts";

const normOf = (norm: Stage["norm"]): typeof pixelNorm => (norm === "rms_norm" ? pixelNorm : storedBatchNorm);

/** norm(conv2(act(conv1(x)))) + x */
export function resBlock(
  context: ModuleContext,
  name: string,
  x: Value,
  { norm, activation }: Pick<Stage, "norm" | "activation">,
): Value {
  const { builder } = context;
  const kernels = { outChannels: x.shape[1]!, kernelSize: 3 } as const;
  return builder.scope(name, () => {
    let h = activations[activation](builder, conv2d(context, `${name}.conv1`, x, kernels));
    h = conv2d(context, `${name}.conv2`, h, { ...kernels, bias: false });
    return builder.apply("Add", [normOf(norm)(context, `${name}.norm`, h), x], {});
  });
}

export interface AttentionOptions extends Pick<Stage, "scales" | "norm"> {
  readonly headSize: number;
}

/** Linear attention over all pixels, then a gated convolution of each pixel's neighbourhood. */
export function efficientVitBlock(
  context: ModuleContext,
  name: string,
  x: Value,
  options: AttentionOptions,
): Value {
  return context.builder.scope(name, () => {
    const attended = multiscaleAttention(context, `${name}.attn`, x, options);
    return gatedConvolution(context, `${name}.conv_out`, attended);
  });
}

/**
 * x + norm(out(attention(q, k, v, and what their neighbours make of them at each scale))). Heads are runs of 3 · headSize channels of
 * that row, so a head of the projections themselves mixes what the names q, k and v say.
 */
function multiscaleAttention(
  context: ModuleContext,
  name: string,
  x: Value,
  { headSize, scales, norm }: AttentionOptions,
): Value {
  const { builder } = context;
  const channels = x.shape[1]!;
  const heads = Math.floor(channels / headSize);
  const projection = (part: string): Value =>
    linear(context, `${name}.${part}`, x, { outChannels: heads * headSize, bias: false });
  const concat = (values: readonly Value[]): Value => builder.apply("Concat", values, { axis: 1 });
  const projected = concat([projection("to_q"), projection("to_k"), projection("to_v")]);
  const joined = scales.map((kernelSize, scale) => {
    const part = `${name}.to_qkv_multiscale.${scale}`;
    const kernels = { outChannels: projected.shape[1]!, bias: false };
    const near = conv2d(context, `${part}.proj_in`, projected, {
      ...kernels,
      kernelSize,
      group: projected.shape[1]!,
    });
    return conv2d(context, `${part}.proj_out`, near, { ...kernels, kernelSize: 1, group: 3 * heads });
  });
  const tokens = scales.length === 0 ? projected : concat([projected, ...joined]);
  const attended = builder.labelled({ layer: name }, () => linearAttend(context, tokens, headSize));
  const out = linear(context, `${name}.to_out`, attended, { outChannels: channels, bias: false });
  return builder.apply("Add", [normOf(norm)(context, `${name}.norm_out`, out), x], {});
}

/** Channels between the convolutions, for one of the input's; as many are their gates. */
const expansion = 4;

/** x + norm(point(h · silu(gate))), where h and gate are halves of depth(silu(inverted(x))). */
function gatedConvolution(context: ModuleContext, name: string, x: Value): Value {
  const { builder } = context;
  const channels = x.shape[1]!;
  const width = expansion * channels;
  const inverted = conv2d(context, `${name}.conv_inverted`, x, { outChannels: 2 * width, kernelSize: 1 });
  const near = conv2d(context, `${name}.conv_depth`, silu(builder, inverted), {
    outChannels: 2 * width,
    kernelSize: 3,
    group: 2 * width,
  });
  const half = (index: number): Value =>
    builder.apply("Slice", [near], { axes: [1], starts: [index * width], ends: [(index + 1) * width] });
  const gated = builder.apply("Mul", [half(0), silu(builder, half(1))], {});
  const point = conv2d(context, `${name}.conv_point`, gated, {
    outChannels: channels,
    kernelSize: 1,
    bias: false,
  });
  return builder.apply("Add", [pixelNorm(context, `${name}.norm`, point), x], {});
}
