/**
 * Pictures to the VAE's input and back, with the options and the arithmetic of diffusers' VaeImageProcessor.
 *
 * @see diffusers, image_processor.py
 */
import { VaekitError } from "../errors.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkOptions, oneOf, optionKinds, wholeNumber, type OptionKinds } from "../util/check-options.ts";
import {
  blankRaster,
  checkRaster,
  describeRaster,
  toGrayscale,
  toRgb,
  toRgba,
  type Raster,
  type RasterChannels,
} from "./raster.ts";
import { resampleNames, type Resample } from "./resample.ts";
import { resizeByMode, resizeModes, type ResizeMode } from "./resize-mode.ts";

/** The options of a {@link VaeImageProcessor}, with diffusers' names and defaults. */
export interface VaeImageProcessorOptions {
  /** Sides are cut down to a multiple of this: pixels per latent along a side. @defaultValue 8 */
  vaeScaleFactor?: number;
  /** @defaultValue "lanczos" */
  resample?: Resample;
  /** Whether to bring pictures to the target size; without it they are taken as they are. @defaultValue true */
  doResize?: boolean;
  /** Whether tensors lie in [-1, 1] rather than [0, 1]. @defaultValue true */
  doNormalize?: boolean;
  /** Whether to turn every value into 0 (below 0.5) or 1, for masks. @defaultValue false */
  doBinarize?: boolean;
  /** @defaultValue false */
  doConvertRgb?: boolean;
  /** @defaultValue false */
  doConvertGrayscale?: boolean;
  /**
   * Whether pictures and tensors have a fourth channel, alpha, for models of such pictures; a picture without one becomes
   * opaque. @defaultValue false
   */
  hasAlpha?: boolean;
}

/** The options of {@link VaeImageProcessor.preprocess}. */
export interface PreprocessOptions {
  /** Target height in pixels, cut down to a multiple of the factor; the picture's own by default. */
  height?: number;
  /** Target width in pixels, cut down to a multiple of the factor; the picture's own by default. */
  width?: number;
  /** @defaultValue "default": stretch. */
  resizeMode?: ResizeMode;
}

const processorKinds: OptionKinds<VaeImageProcessorOptions> = {
  vaeScaleFactor: wholeNumber(1),
  resample: oneOf(resampleNames),
  doResize: optionKinds.boolean,
  doNormalize: optionKinds.boolean,
  doBinarize: optionKinds.boolean,
  doConvertRgb: optionKinds.boolean,
  doConvertGrayscale: optionKinds.boolean,
  hasAlpha: optionKinds.boolean,
};

const preprocessKinds: OptionKinds<PreprocessOptions> = {
  // Compared with the factor where they are used.
  height: optionKinds.checkedElsewhere,
  width: optionKinds.checkedElsewhere,
  resizeMode: oneOf(resizeModes),
};

/** Turns pictures into the VAE's input and its output into pictures. */
export class VaeImageProcessor {
  /** The options in force, defaults written out. */
  readonly options: Readonly<Required<VaeImageProcessorOptions>>;

  /** @throws INVALID_ARGUMENT on an option out of range, or two that contradict each other. */
  constructor(options: VaeImageProcessorOptions = {}) {
    checkOptions("VaeImageProcessor", options, processorKinds);
    this.options = Object.freeze({
      vaeScaleFactor: options.vaeScaleFactor ?? 8,
      resample: options.resample ?? "lanczos",
      doResize: options.doResize ?? true,
      doNormalize: options.doNormalize ?? true,
      doBinarize: options.doBinarize ?? false,
      doConvertRgb: options.doConvertRgb ?? false,
      doConvertGrayscale: options.doConvertGrayscale ?? false,
      hasAlpha: options.hasAlpha ?? false,
    });
    checkContradiction(this.options);
  }

  /**
   * Resizes, converts and normalises pictures.
   *
   * Pictures of several sizes need `height` and `width`: diffusers would stretch them all to the first one's.
   *
   * @returns `[N, C, H, W]` float32 in [-1, 1] ([0, 1] without `doNormalize`), C the pictures' channels.
   * @throws INVALID_ARGUMENT when a picture is smaller than the factor, or the batch is not of one kind.
   */
  preprocess(pictures: Raster | readonly Raster[], options: PreprocessOptions = {}): Tensor<"float32"> {
    checkOptions("preprocess", options, preprocessKinds);
    const batch = Array.isArray(pictures) ? (pictures as readonly Raster[]) : [pictures as Raster];
    batch.forEach((picture) => {
      checkRaster(picture, "preprocess");
      checkAlpha(picture, this.options);
    });
    const resized = this.options.doResize ? this.resized(batch, options) : batch;
    return toBatch(
      resized.map((picture) => this.converted(picture)),
      this.valueTable(),
    );
  }

  /**
   * Turns the VAE's output into pictures: `clamp(x * 0.5 + 0.5, 0, 1) * 255`, rounded half to even.
   *
   * NaN becomes 0, infinities 0 and 255. Without `doNormalize` the values are taken to lie in [0, 1].
   *
   * @param tensor `[N, C, H, W]`, C = 1 or 3, or 4 with `hasAlpha`, any float dtype.
   * @throws INVALID_ARGUMENT on another shape.
   */
  postprocess(tensor: Tensor): Raster[] {
    checkTensor(tensor, "postprocess");
    const [batch = 0, channels = 0, height = 0, width = 0] = tensor.shape;
    if (tensor.shape.length !== 4 || !isKind(channels, this.options) || height * width === 0) {
      const expected = this.options.hasAlpha ? "[N, 4, H, W]" : "[N, 3, H, W] or [N, 1, H, W]";
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `postprocess: expected pictures of shape ${expected}, found ${formatShape(tensor.shape)}. Decode latents first.`,
      );
    }
    const values = tensor.toFloat32().data;
    const toSample = this.options.doNormalize
      ? (x: number): number => sampleOf(Math.fround(x * 0.5 + 0.5))
      : sampleOf;
    const pixels = height * width;
    return Array.from({ length: batch }, (_, n) => {
      const raster = blankRaster(width, height, channels);
      for (let channel = 0; channel < channels; channel++) {
        const plane = (n * channels + channel) * pixels;
        for (let pixel = 0; pixel < pixels; pixel++) {
          raster.data[pixel * channels + channel] = toSample(values[plane + pixel]!);
        }
      }
      return raster;
    });
  }

  private resized(batch: readonly Raster[], options: PreprocessOptions): Raster[] {
    const first = batch[0];
    if (first === undefined) return [];
    if (options.height === undefined || options.width === undefined) checkOneSize(batch);
    const height = this.flooredSide(options.height, first.height, "height");
    const width = this.flooredSide(options.width, first.width, "width");
    const { resizeMode = "default" } = options;
    return batch.map((picture) => resizeByMode(picture, width, height, resizeMode, this.options.resample));
  }

  private flooredSide(asked: number | undefined, own: number, side: "height" | "width"): number {
    const factor = this.options.vaeScaleFactor;
    const length = asked ?? own;
    if (!Number.isSafeInteger(length) || length < factor) {
      throw new VaekitError(
        "INVALID_ARGUMENT",
        asked === undefined
          ? `preprocess: expected a picture of at least ${factor}x${factor} pixels, the size of one latent, found a ${side} of ${own}. Use a larger picture, or pass height and width.`
          : `preprocess: expected a ${side} of at least ${factor} whole pixels, the size of one latent, found ${asked}.`,
      );
    }
    return length - (length % factor);
  }

  private converted(picture: Raster): Raster {
    if (this.options.hasAlpha) return toRgba(picture);
    if (this.options.doConvertRgb) return toRgb(picture);
    return this.options.doConvertGrayscale ? toGrayscale(picture) : picture;
  }

  /** The float32 of each of the 256 samples; every step rounded to float32 as numpy and torch round it. */
  private valueTable(): Float32Array {
    const { doNormalize, doBinarize } = this.options;
    return Float32Array.from({ length: 256 }, (_, sample) => {
      const unit = Math.fround(sample / 255);
      const value = doNormalize ? Math.fround(2 * unit) - 1 : unit;
      return doBinarize ? Number(value >= 0.5) : value;
    });
  }
}

const isKind = (
  channels: number,
  { hasAlpha }: Pick<VaeImageProcessorOptions, "hasAlpha">,
): channels is RasterChannels => (hasAlpha === true ? channels === 4 : channels === 1 || channels === 3);

function checkAlpha({ channels }: Raster, options: VaeImageProcessorOptions): void {
  const { hasAlpha, doConvertRgb, doConvertGrayscale } = options;
  if (channels !== 4 || hasAlpha === true || doConvertRgb === true || doConvertGrayscale === true) return;
  const message =
    "preprocess: expected 1 (grey) or 3 (RGB) channels, found 4. Set doConvertRgb, or hasAlpha for a model of pictures with alpha.";
  throw new VaekitError("INVALID_ARGUMENT", message);
}

function checkContradiction(options: Required<VaeImageProcessorOptions>): void {
  const kinds = (["doConvertRgb", "doConvertGrayscale", "hasAlpha"] as const).filter((key) => options[key]);
  if (kinds.length < 2) return;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `VaeImageProcessor: expected one of ${kinds.join(" and ")}, found both. Set one to false.`,
  );
}

function checkOneSize(batch: readonly Raster[]): void {
  const [first] = batch;
  const other = batch.find(({ width, height }) => width !== first?.width || height !== first.height);
  if (first === undefined || other === undefined) return;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `preprocess: expected pictures of one size, found ${first.width}x${first.height} and ${other.width}x${other.height}. Pass height and width to resize them all.`,
  );
}

function toBatch(pictures: readonly Raster[], table: Float32Array): Tensor<"float32"> {
  const [first] = pictures;
  if (first === undefined) {
    throw new VaekitError("INVALID_ARGUMENT", "preprocess: expected at least one picture, found none.");
  }
  checkOneSize(pictures);
  const { width, height, channels } = first;
  const other = pictures.find((picture) => picture.channels !== channels);
  if (other !== undefined) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `preprocess: expected pictures of one kind, found ${describeRaster(first)} and ${describeRaster(other)}. Set doConvertRgb or doConvertGrayscale.`,
    );
  }
  const pixels = width * height;
  const data = new Float32Array(pictures.length * channels * pixels);
  pictures.forEach((picture, n) => {
    for (let channel = 0; channel < channels; channel++) {
      const plane = (n * channels + channel) * pixels;
      for (let pixel = 0; pixel < pixels; pixel++) {
        data[plane + pixel] = table[picture.data[pixel * channels + channel]!]!;
      }
    }
  });
  return Tensor.from(data, [pictures.length, channels, height, width]);
}

/** A value of [0, 1] as an 8-bit sample, rounded half to even in float32; NaN becomes 0. */
function sampleOf(value: number): number {
  if (!(value > 0)) return 0;
  if (value >= 1) return 255;
  const scaled = Math.fround(value * 255);
  const below = Math.floor(scaled);
  const rest = scaled - below;
  if (rest === 0.5) return below + (below % 2);
  return rest > 0.5 ? below + 1 : below;
}
