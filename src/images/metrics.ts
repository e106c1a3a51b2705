/** How far two pictures are apart: PSNR and SSIM on 8-bit samples, with the definitions of scikit-image. */
import { VaekitError } from "../errors.ts";
import { checkSameFormat, describeRaster, type Raster } from "./raster.ts";

/** The largest difference of two samples. */
const dataRange = 255;

/** The mean squared difference of the samples, over all pixels and channels. */
export function meanSquaredError(a: Raster, b: Raster): number {
  checkSameFormat(a, b, "meanSquaredError");
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i]! - b.data[i]!) ** 2;
  return sum / a.data.length;
}

/**
 * Peak signal-to-noise ratio in decibels, data range 255; Infinity for equal pictures.
 *
 * @throws INVALID_ARGUMENT when the pictures differ in size or channels.
 */
export function psnr(a: Raster, b: Raster): number {
  checkSameFormat(a, b, "psnr");
  return 10 * Math.log10(dataRange ** 2 / meanSquaredError(a, b));
}

/** Wang et al. (2004): a Gaussian window of sigma 1.5, cut at 3.5 sigma, so 11x11 pixels. */
const radius = 5;
const windowSize = 2 * radius + 1;
const c1 = (0.01 * dataRange) ** 2;
const c2 = (0.03 * dataRange) ** 2;

const gaussian = normalised(
  Float64Array.from({ length: windowSize }, (_, i) => Math.exp(-0.5 * ((i - radius) / 1.5) ** 2)),
);

function normalised(weights: Float64Array): Float64Array {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * Mean structural similarity, 1 for equal pictures: Gaussian windows that lie wholly inside the picture,
 * population covariance, averaged over the channels. Equal to scikit-image's `structural_similarity` with
 * `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255`.
 *
 * @throws INVALID_ARGUMENT when the pictures differ in size or channels, or a side is below 11 pixels.
 */
export function ssim(a: Raster, b: Raster): number {
  checkSameFormat(a, b, "ssim");
  if (a.width < windowSize || a.height < windowSize) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `ssim: expected pictures of at least ${windowSize}x${windowSize} pixels, the size of its window, found ${describeRaster(a)}.`,
    );
  }
  const rows = a.height - windowSize + 1;
  const columns = a.width - windowSize + 1;
  const moments = Array.from({ length: 5 }, () => new Float64Array(a.width));
  let sum = 0;
  for (let channel = 0; channel < a.channels; channel++) {
    for (let row = 0; row < rows; row++) {
      sumColumns(a, b, channel, row, moments);
      for (let column = 0; column < columns; column++) sum += similarityAt(moments, column);
    }
  }
  return sum / (rows * columns * a.channels);
}

/** Weighted sums of x, y, x², y² and xy down each column of the 11 rows from `row`: the vertical half. */
function sumColumns(a: Raster, b: Raster, channel: number, row: number, moments: Float64Array[]): void {
  const { width, channels } = a;
  const [xs, ys, xxs, yys, xys] = moments as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (const sums of moments) sums.fill(0);
  for (let tap = 0; tap < windowSize; tap++) {
    const weight = gaussian[tap]!;
    const begin = (row + tap) * width * channels + channel;
    for (let column = 0; column < width; column++) {
      const x = a.data[begin + column * channels]!;
      const y = b.data[begin + column * channels]!;
      xs[column]! += weight * x;
      ys[column]! += weight * y;
      xxs[column]! += weight * x * x;
      yys[column]! += weight * y * y;
      xys[column]! += weight * x * y;
    }
  }
}

/** The horizontal half, and Wang's formula. */
function similarityAt(moments: readonly Float64Array[], column: number): number {
  const [x = 0, y = 0, xx = 0, yy = 0, xy = 0] = moments.map((sums) => {
    let sum = 0;
    for (let tap = 0; tap < windowSize; tap++) sum += gaussian[tap]! * sums[column + tap]!;
    return sum;
  });
  const covariance = xy - x * y;
  const variances = xx - x * x + (yy - y * y);
  return ((2 * x * y + c1) * (2 * covariance + c2)) / ((x * x + y * y + c1) * (variances + c2));
}
