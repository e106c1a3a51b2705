/** A picture file as the VAE's input: at what size, and cut to which shape. */
import { basename, extname } from "node:path";
import {
  readImage,
  VaeImageProcessor,
  VaekitError,
  type ModelFacts,
  type Raster,
  type Tensor,
  type Vae,
} from "../node/index.ts";
import { UsageError } from "./failure.ts";

/** What `--size` asks for. */
export type SizeRule =
  | {
      readonly kind: "short-side";
      readonly pixels: number;
      /** Whether nobody asked for it: then a picture smaller than one latent is not blown up. */
      readonly isDefault?: boolean;
    }
  | { readonly kind: "exact"; readonly width: number; readonly height: number }
  | { readonly kind: "original" };

export interface PrepareOptions {
  readonly size: SizeRule;
  /** Files with more pixels are refused. @defaultValue 100 million */
  readonly maxPixels?: number;
}

/** A picture as the VAE sees it. */
export interface PreparedPicture {
  readonly path: string;
  /** The file's name without its folder. */
  readonly name: string;
  /** Float32 `[1, C, H, W]` in [-1, 1]. */
  readonly pixels: Tensor;
  /** The same pixels as an 8-bit picture. */
  readonly raster: Raster;
}

/** Larger inputs exhaust memory long before they end. */
const maxInputPixels = 100_000_000;

/** The name of a picture without folder and extension. */
export function stemOf(path: string): string {
  return basename(path, extname(path));
}

/** Reads each picture for one model. */
export const pictureReader =
  (vae: Vae, options: PrepareOptions) =>
  (path: string): Promise<PreparedPicture> =>
    preparePicture(path, vae, options);

/**
 * Reads a picture and brings it to the model's input.
 *
 * @throws INVALID_FILE when it is no picture, or smaller than one latent.
 */
export async function preparePicture(
  path: string,
  vae: Vae,
  { size, maxPixels = maxInputPixels }: PrepareOptions,
): Promise<PreparedPicture> {
  if (vae.facts.layout === "rows") return prepareRow(path, vae, maxPixels);
  const { inChannels } = vae.facts;
  const grey = inChannels === 1;
  if (!grey && inChannels !== 3 && inChannels !== 4) {
    throw new VaekitError(
      "UNSUPPORTED",
      `${vae.name}: takes ${inChannels} channels; the command line works on grey pictures, on RGB, and on RGB with alpha only.`,
    );
  }
  const source = await readImage(path, {
    convert: grey ? "grayscale" : inChannels === 4 ? "rgba" : "rgb",
    maxPixels,
  });
  const multiple = pictureMultiple(vae.facts);
  const target = targetSize(source, size, multiple, path);
  const processor = new VaeImageProcessor({
    vaeScaleFactor: multiple,
    doNormalize: vae.facts.pixelRange === "signed",
    doConvertGrayscale: grey,
    hasAlpha: inChannels === 4,
  });
  const pixels = processor.preprocess(source, {
    ...target,
    resizeMode: size.kind === "exact" ? "crop" : "default",
  });
  return { path, name: basename(path), pixels, raster: processor.postprocess(pixels)[0]! };
}

/** A picture for a model of rows [N, D], whose pictures have one size only. */
async function prepareRow(path: string, vae: Vae, maxPixels: number): Promise<PreparedPicture> {
  const pixels = vae.preprocess(await readImage(path, { convert: "grayscale", maxPixels }));
  return { path, name: basename(path), pixels, raster: vae.postprocess(pixels)[0]! };
}

/** What the sides of a model's pictures are multiples of, as for `encodeImage`: any, where the model fills them up itself. */
const pictureMultiple = ({ pictureMultiple, sizes, spatialFactor }: ModelFacts): number =>
  pictureMultiple ?? (sizes === "up" ? 1 : spatialFactor);

/** The same of pictures that are made of latents, which are whole. */
export const sampleMultiple = ({ pictureMultiple, spatialFactor }: ModelFacts): number =>
  pictureMultiple ?? spatialFactor;

/**
 * The size of the model's input for a picture: what the rule asks for, cut down to a multiple of the factor. A
 * smaller picture is enlarged where somebody asks for a size.
 *
 * @throws INVALID_FILE when the picture is smaller than the factor and nobody asks for a size, or when it would become
 *   too large; UsageError when the rule fits no picture.
 */
export function targetSize(
  picture: { readonly width: number; readonly height: number },
  rule: SizeRule,
  factor: number,
  path: string,
): { width: number; height: number } {
  const { width, height } = picture;
  const isAsked = rule.kind === "exact" || (rule.kind === "short-side" && rule.isDefault !== true);
  if (Math.min(width, height) < factor && !isAsked) {
    throw new VaekitError(
      "INVALID_FILE",
      `${path}: expected a picture of at least ${factor}x${factor} pixels, the least that this model takes, found ${width}x${height}. Use a larger picture, or pass --size to enlarge it.`,
    );
  }
  const asked = askedSize(picture, rule);
  if (Math.min(asked.width, asked.height) < factor) {
    throw new UsageError(
      `--size: expected sides of at least ${factor} pixels, the least that this model takes, found ${asked.width}x${asked.height}.`,
    );
  }
  if (asked.width * asked.height > maxInputPixels) {
    const message = `--size: ${path} would become ${asked.width}x${asked.height} pixels, more than ${maxInputPixels}.`;
    // Of another picture's shape it may be well.
    throw rule.kind === "exact"
      ? new UsageError(`${message} Ask for a smaller size.`)
      : new VaekitError(
          "INVALID_FILE",
          `${message} Ask for a smaller size, or for WxH, which cuts to shape.`,
        );
  }
  return { width: floorTo(asked.width, factor), height: floorTo(asked.height, factor) };
}

function floorTo(length: number, factor: number): number {
  return length - (length % factor);
}

function askedSize(
  { width, height }: { readonly width: number; readonly height: number },
  rule: SizeRule,
): { width: number; height: number } {
  switch (rule.kind) {
    case "original":
      return { width, height };
    case "exact":
      return { width: rule.width, height: rule.height };
    case "short-side": {
      const scale = rule.pixels / Math.min(width, height);
      return { width: Math.round(width * scale), height: Math.round(height * scale) };
    }
  }
}
