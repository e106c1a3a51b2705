/** Batches of feature maps on the host, and the few linear operations that fitting a linear autoencoder takes. */
import { invariant } from "../../../errors.ts";
import type { Tensor } from "../../../tensor/tensor.ts";

/** Feature maps [count, channels, height, width], row-major. */
export interface FeatureMaps {
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/** Feature maps of zeros. */
export function emptyMaps(count: number, channels: number, height: number, width: number): FeatureMaps {
  return { count, channels, height, width, data: new Float32Array(count * channels * height * width) };
}

/** The top left of each picture of [N, C, H, W], its sides cut to multiples of `side`. */
export function cropToMultiple(pictures: Tensor, side: number): FeatureMaps {
  const [count, channels, height, width] = pictures.shape as [number, number, number, number];
  const values = pictures.toFloat32().data;
  const out = emptyMaps(count, channels, height - (height % side), width - (width % side));
  for (let row = 0; row < count * channels * out.height; row++) {
    const plane = Math.floor(row / out.height);
    const start = (plane * height + (row % out.height)) * width;
    out.data.set(values.subarray(start, start + out.width), row * out.width);
  }
  return out;
}

/** The first pictures and channels of a batch. */
export function firstMaps(maps: FeatureMaps, count: number, channels: number): FeatureMaps {
  const out = emptyMaps(count, channels, maps.height, maps.width);
  const area = maps.height * maps.width;
  for (let n = 0; n < count; n++) {
    const start = n * maps.channels * area;
    out.data.set(maps.data.subarray(start, start + channels * area), n * channels * area);
  }
  return out;
}

/** Each 2 x 2 block becomes one position: [N, C, H, W] → [N, 4C, H/2, W/2], ordered channel, row, column. */
export function foldBlocks(maps: FeatureMaps): FeatureMaps {
  const { count, channels, height, width, data } = maps;
  invariant(height % 2 === 0 && width % 2 === 0, `foldBlocks: odd sides ${height}x${width}`);
  const out = emptyMaps(count, 4 * channels, height / 2, width / 2);
  let position = 0;
  for (let plane = 0; plane < count * out.channels; plane++) {
    const start = (plane >> 2) * height * width + ((plane >> 1) & 1) * width + (plane & 1);
    for (let y = 0; y < out.height; y++) {
      for (let x = 0; x < out.width; x++) out.data[position++] = data[start + 2 * (y * width + x)]!;
    }
  }
  return out;
}

/** A 1 x 1 convolution: `rows` holds one row of weights for each output channel. */
export function mixChannels(maps: FeatureMaps, rows: readonly Float64Array[]): FeatureMaps {
  const { count, channels, height, width, data } = maps;
  const out = emptyMaps(count, rows.length, height, width);
  const area = height * width;
  for (let n = 0; n < count; n++) {
    rows.forEach((weights, row) => {
      const target = out.data.subarray((n * rows.length + row) * area, (n * rows.length + row + 1) * area);
      for (let channel = 0; channel < channels; channel++) {
        const source = (n * channels + channel) * area;
        const weight = weights[channel]!;
        for (let i = 0; i < area; i++) target[i] = target[i]! + weight * data[source + i]!;
      }
    });
  }
  return out;
}

/** Each channel's root mean square. */
export function rootMeanSquares(maps: FeatureMaps): Float64Array {
  const area = maps.height * maps.width;
  const sums = new Float64Array(maps.channels);
  for (let plane = 0; plane < maps.count * maps.channels; plane++) {
    let sum = 0;
    for (let i = plane * area; i < (plane + 1) * area; i++) sum += maps.data[i]! ** 2;
    sums[plane % maps.channels] = sums[plane % maps.channels]! + sum;
  }
  return sums.map((sum) => Math.sqrt(sum / (maps.count * area)));
}

/** Twice the sides, each position repeated 2 x 2, with a border of zeros one wide around every map. */
export function enlargeWithBorder(maps: FeatureMaps): FeatureMaps {
  const { count, channels, height, width, data } = maps;
  const out = emptyMaps(count, channels, 2 * height + 2, 2 * width + 2);
  for (let plane = 0; plane < count * channels; plane++) {
    for (let y = 0; y < 2 * height; y++) {
      const source = (plane * height + (y >> 1)) * width;
      const target = (plane * out.height + y + 1) * out.width + 1;
      for (let x = 0; x < 2 * width; x++) out.data[target + x] = data[source + (x >> 1)]!;
    }
  }
  return out;
}

/** One output channel of a 3 x 3 convolution: C * 9 weights ordered channel, row, column, and a bias. */
export interface FilterRow {
  readonly weights: ArrayLike<number>;
  readonly bias: number;
}

/** A 3 x 3 convolution over maps that have their border already: [N, C, H + 2, W + 2] → [N, rows, H, W]. */
export function filterMaps(bordered: FeatureMaps, rows: readonly FilterRow[]): FeatureMaps {
  const { count, channels, height, width, data } = bordered;
  const out = emptyMaps(count, rows.length, height - 2, width - 2);
  const area = out.height * out.width;
  for (let n = 0; n < count; n++) {
    rows.forEach(({ weights, bias }, row) => {
      const target = out.data.subarray((n * rows.length + row) * area, (n * rows.length + row + 1) * area);
      target.fill(bias);
      for (let tap = 0; tap < channels * 9; tap++) {
        const channel = Math.floor(tap / 9);
        const [dy, dx] = [Math.floor((tap % 9) / 3), tap % 3];
        const weight = weights[tap]!;
        for (let y = 0; y < out.height; y++) {
          const source = ((n * channels + channel) * height + y + dy) * width + dx;
          const start = y * out.width;
          for (let x = 0; x < out.width; x++) {
            target[start + x] = target[start + x]! + weight * data[source + x]!;
          }
        }
      }
    });
  }
  return out;
}
