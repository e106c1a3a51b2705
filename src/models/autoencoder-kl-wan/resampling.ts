/**
 * Changes of resolution, and the shortcuts around levels that change it with fixed weights. The frame before a video's
 * first is absent: what would come of it is zero.
 *
 * @see diffusers, models/autoencoders/autoencoder_kl_wan.py (WanResample, AvgDown3D, DupUp3D, patchify)
 */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { conv2d, upsampleConv2d } from "../../nn/index.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { WanContext } from "./layers.ts";

/** Half the height and width: zeros right and below, then a convolution of stride 2. */
export function downsample(context: WanContext, name: string, x: Value, frames: 1 | 2): Value {
  const channels = x.shape[1]!;
  const h = context.builder.scope(name, () =>
    conv2d(context, `${name}.resample.1`, x, {
      outChannels: channels,
      kernelSize: 3,
      stride: 2,
      pads: [0, 0, 1, 1],
    }),
  );
  if (frames === 2) keepTimeConv(context, name, channels, channels);
  return h;
}

/** Twice the height and width: nearest neighbour, then a convolution. */
export function upsample(
  context: WanContext,
  name: string,
  x: Value,
  { frames, outChannels }: { frames: 1 | 2; outChannels: number },
): Value {
  const channels = x.shape[1]!;
  const h = context.builder.scope(name, () =>
    upsampleConv2d(context, `${name}.resample.1`, x, { outChannels }),
  );
  if (frames === 2) keepTimeConv(context, name, channels, 2 * channels);
  return h;
}

/** The convolution in time, which a first frame passes by. */
function keepTimeConv(context: WanContext, name: string, inChannels: number, outChannels: number): void {
  const kernel = context.hasTime ? [3, 1, 1] : [1, 1];
  context.keep(`${name}.time_conv.weight`, [outChannels, inChannels, ...kernel]);
  context.keep(`${name}.time_conv.bias`, [outChannels]);
}

/** How a level changes what it is given. */
export interface Change {
  readonly outChannels: number;
  /** Frames that are joined, or made of one. */
  readonly frames: 1 | 2;
  /** Pixels along each side that are joined, or made of one. */
  readonly side: 1 | 2;
}

/**
 * The encoder's shortcut: the channels, frames and pixels of a square in one row, and means of equal parts of it.
 *
 * @param x [N, C, H, W]
 * @returns [N, outChannels, H / side, W / side]
 */
export function averagedDown(builder: GraphBuilder, x: Value, change: Change): Value {
  const channels = x.shape[1]!;
  const { outChannels, frames, side } = change;
  if (side === 1 && outChannels === channels) return x;
  const area = side ** 2;
  const part = (channels * frames * area) / outChannels;
  const data = new Float32Array(outChannels * channels * area);
  for (let place = 0; place < outChannels * part; place++) {
    const { channel, frame, pixel } = placeOf(place, frames, area);
    if (frame < frames - 1) continue;
    const output = Math.floor(place / part);
    data[(output * channels + channel) * area + pixel]! += 1 / part;
  }
  const kernel = constant(builder, "averaged_down", [outChannels, channels, side, side], data, frames);
  return builder.apply("Conv", [x, kernel], { strides: [side, side], pads: [0, 0, 0, 0] });
}

/**
 * The decoder's shortcut: channels repeated in a row, which is then the channels, frames and pixels of squares.
 *
 * @param x [N, C, h, w]
 * @returns [N, outChannels, 2h, 2w]
 */
export function repeatedUp(builder: GraphBuilder, x: Value, { outChannels, frames }: Change): Value {
  const channels = x.shape[1]!;
  const [side, area] = [2, 4];
  const repeats = (outChannels * frames * area) / channels;
  /** The channel of x that a pixel of a square gets. */
  const sourceOf = (output: number, pixel: number): number =>
    Math.floor(((output * frames + frames - 1) * area + pixel) / repeats);
  if (repeats % area === 0) {
    const sources = Array.from({ length: outChannels }, (_, output) => sourceOf(output, 0));
    return builder.apply("Resize", [chosen(builder, x, sources)], { scales: [side, side] });
  }
  const data = new Float32Array(channels * outChannels * area);
  for (let output = 0; output < outChannels; output++) {
    for (let pixel = 0; pixel < area; pixel++) {
      data[(sourceOf(output, pixel) * outChannels + output) * area + pixel] = 1;
    }
  }
  const kernel = constant(builder, "repeated_up", [channels, outChannels, side, side], data, frames);
  return spread(builder, x, kernel);
}

/** Some of the channels, one after the other. */
function chosen(builder: GraphBuilder, x: Value, sources: readonly number[]): Value {
  const channels = x.shape[1]!;
  if (sources.length === channels && sources.every((source, output) => source === output)) return x;
  const data = new Float32Array(sources.length * channels);
  sources.forEach((source, output) => (data[output * channels + source] = 1));
  const kernel = constant(builder, "chosen", [sources.length, channels, 1, 1], data, sources[0]!);
  return builder.apply("Conv", [x, kernel], { strides: [1, 1], pads: [0, 0, 0, 0] });
}

/** Squares of pixels as channels. x [N, C, H, W] → [N, C · side², H / side, W / side] */
export function patchified(builder: GraphBuilder, x: Value, side: number): Value {
  if (side === 1) return x;
  const kernel = patchKernel(builder, x.shape[1]!, side);
  return builder.apply("Conv", [x, kernel], { strides: [side, side], pads: [0, 0, 0, 0] });
}

/** The inverse of {@link patchified}. */
export function unpatchified(builder: GraphBuilder, x: Value, side: number): Value {
  if (side === 1) return x;
  return spread(builder, x, patchKernel(builder, x.shape[1]! / side ** 2, side));
}

/** [C · side², C, side, side]: of a pixel's place in its square, the column counts first. */
function patchKernel(builder: GraphBuilder, channels: number, side: number): Value {
  const area = side ** 2;
  const data = new Float32Array(channels * area * channels * area);
  for (let feature = 0; feature < channels * area; feature++) {
    const channel = Math.floor(feature / area);
    const [column, row] = [Math.floor((feature % area) / side), feature % side];
    data[(feature * channels + channel) * area + row * side + column] = 1;
  }
  return constant(builder, "patches", [channels * area, channels, side, side], data, 1);
}

/** Every pixel becomes a square of pixels. */
function spread(builder: GraphBuilder, x: Value, kernel: Value): Value {
  const [height, width] = kernel.shape.slice(2) as [number, number];
  return builder.apply("ConvTranspose", [x, kernel], {
    strides: [height, width],
    pads: [0, 0, 0, 0],
    outputPadding: [0, 0],
  });
}

/** Constants of one name are one value: the name says all that the numbers depend on. */
function constant(
  builder: GraphBuilder,
  name: string,
  shape: readonly number[],
  data: Float32Array<ArrayBuffer>,
  variant: number,
): Value {
  return builder.constant(`${name}_${shape.join("x")}_${variant}`, Tensor.from(data, shape));
}

/** What a place in a row of channels, frames and pixels is of. */
function placeOf(
  place: number,
  frames: number,
  area: number,
): { channel: number; frame: number; pixel: number } {
  return {
    channel: Math.floor(place / (frames * area)),
    frame: Math.floor(place / area) % frames,
    pixel: place % area,
  };
}
