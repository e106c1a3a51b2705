/**
 * A picture as the input of a model, whatever its class: at which size, with which channels, in which range.
 *
 * The processor works as diffusers' VaeImageProcessor; what a model needs of it comes from the model's facts.
 */
import { VaekitError } from "../errors.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { describeValue } from "../util/describe-value.ts";
import { VaeImageProcessor } from "./image-processor.ts";
import { toGrayscale, toRgb, toRgba, type Raster } from "./raster.ts";

/** What of a model's facts decides how pictures go in and come out. */
export interface PictureFacts {
  readonly inChannels: number;
  readonly outChannels: number;
  /** How many pixels one latent covers along each side. */
  readonly spatialFactor: number;
  /** What becomes of a side that is no multiple of the factor. */
  readonly sizes: "down" | "up" | "refused";
  /** What sides are made multiples of. @default spatialFactor */
  readonly pictureMultiple?: number;
  /** "planes" [N, C, H, W], or "rows" [N, C], which are grey squares where C is a square number. */
  readonly layout: "planes" | "rows";
  /** "signed" [-1, 1], "unit" [0, 1]. */
  readonly pixelRange: "signed" | "unit";
}

/** Both sides of a picture, in pixels. */
export interface Sides {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
}

/** Pixels of the shorter side, with the proportions kept, or both sides, to which a picture is cut. */
export type PictureSize = number | Sides;

/** Larger inputs exhaust memory long before they end. */
const maxPixels = 100_000_000;

/**
 * Whether a model takes or gives grey pictures, RGB ones, or RGB with alpha.
 *
 * @param subject the call, for messages.
 * @throws UNSUPPORTED when it knows neither.
 */
export function pictureKind(
  facts: PictureFacts,
  end: "inChannels" | "outChannels",
  subject: string,
): "grey" | "rgb" | "rgba" {
  const channels = facts[end];
  const isRow = facts.layout === "rows";
  if (isRow ? Number.isInteger(Math.sqrt(channels)) : channels === 1) return "grey";
  if (!isRow && channels === 3) return "rgb";
  if (!isRow && channels === 4) return "rgba";
  const found = isRow ? `rows of ${channels} values, which are no square` : `${channels} channels`;
  const [verb, call] = end === "inChannels" ? ["takes", "encode"] : ["gives", "decode"];
  const message = `${subject}: expected a model of grey or RGB pictures, found one that ${verb} ${found}. Use ${call} with tensors.`;
  throw new VaekitError("UNSUPPORTED", message);
}

/**
 * The size that is asked for, before it is cut down to what a model takes.
 *
 * @throws INVALID_ARGUMENT unless it is a number of pixels or two.
 */
export function askedSize(own: Sides, size: PictureSize | undefined, subject: string): Sides {
  if (size === undefined) return { width: own.width, height: own.height };
  if (typeof size === "number" && isCount(size)) {
    const scale = size / Math.min(own.width, own.height);
    return { width: Math.round(own.width * scale), height: Math.round(own.height * scale) };
  }
  if (typeof size === "object" && (size as unknown) !== null && isCount(size.width) && isCount(size.height)) {
    return { width: size.width, height: size.height };
  }
  const message = `${subject}: size: expected pixels of the shorter side, or { width, height }, found ${describeValue(size)}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0;

/** The picture with the channels that a model takes. @throws UNSUPPORTED as {@link pictureKind} */
function withChannelsFor(picture: Raster, facts: PictureFacts, subject: string): Raster {
  const convert = { grey: toGrayscale, rgb: toRgb, rgba: toRgba };
  return convert[pictureKind(facts, "inChannels", subject)](picture);
}

/** What sides of pictures are multiples of. A model that fills sides up by itself takes any. */
function multipleOf({ sizes, spatialFactor, pictureMultiple }: PictureFacts): number {
  return pictureMultiple ?? (sizes === "up" ? 1 : spatialFactor);
}

/** How pictures become tensors and tensors pictures at both ends of a model. @param channels of the one end */
export function processorFor(facts: PictureFacts, channels: number): VaeImageProcessor {
  const { inChannels, layout, pixelRange } = facts;
  return new VaeImageProcessor({
    vaeScaleFactor: multipleOf(facts),
    doNormalize: pixelRange === "signed",
    // Cutting a grey picture to shape gives three channels, as in diffusers.
    doConvertGrayscale: inChannels === 1 || layout === "rows",
    hasAlpha: channels === 4 && layout === "planes",
  });
}

/**
 * Resizes a picture and turns it into a model's input: stretched by less than one latent where the size is one number or none, and
 * cut to shape where it is two.
 *
 * @param size smaller pictures are enlarged to it. @default the picture's own
 * @param subject the call, for messages: "encodeImage".
 * @returns float32 [1, C, H, W] in the model's range; sides are cut down to a multiple of the factor, or of what the facts say,
 *   unless the model fills them up.
 *   For a model of rows, whose pictures have one size, [1, C] of a grey square, to which the picture is cut.
 * @throws INVALID_ARGUMENT when the picture or the size is smaller than one latent, or the result too large; UNSUPPORTED as
 *   {@link pictureKind}
 */
export function picturePixels(
  picture: Raster,
  facts: PictureFacts,
  size: PictureSize | undefined,
  subject: string,
): Tensor<"float32"> {
  const source = withChannelsFor(picture, facts, subject);
  if (facts.layout === "rows") return squareRow(source, facts, size, subject);
  const { width, height } = askedSize(source, size, subject);
  checkSides({ width, height }, { facts, isAsked: size !== undefined, subject });
  const resizeMode = typeof size === "object" ? "crop" : "default";
  return processorFor(facts, facts.inChannels).preprocess(source, { width, height, resizeMode });
}

function squareRow(
  picture: Raster,
  facts: PictureFacts,
  size: PictureSize | undefined,
  subject: string,
): Tensor<"float32"> {
  const side = Math.sqrt(facts.inChannels);
  if (size !== undefined) {
    const message = `${subject}: size: the pictures of this model have ${side}x${side} pixels. Leave it out.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  const pixels = processorFor(facts, facts.inChannels).preprocess(picture, {
    width: side,
    height: side,
    resizeMode: "crop",
  });
  return pixels.reshape([1, facts.inChannels]);
}

/**
 * The pictures that a model decodes.
 *
 * @param sample float [N, C, H, W] or, of a model of rows, [N, C], in the model's range.
 * @param subject the call, for messages: "postprocess".
 * @throws INVALID_ARGUMENT on another shape; UNSUPPORTED as {@link pictureKind}
 */
export function picturesOf(sample: Tensor, facts: PictureFacts, subject: string): Raster[] {
  pictureKind(facts, "outChannels", subject);
  checkTensor(sample, `${subject}: sample`);
  return processorFor(facts, facts.outChannels).postprocess(
    facts.layout === "rows" ? squares(sample, facts.outChannels, subject) : sample,
  );
}

/** Rows [N, C] as pictures [N, 1, √C, √C]. */
function squares(rows: Tensor, length: number, subject: string): Tensor {
  const [count = 0, found] = rows.shape;
  if (rows.shape.length !== 2 || found !== length) {
    const message = `${subject}: expected rows [N, ${length}], found ${formatShape(rows.shape)}.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  const side = Math.sqrt(length);
  return rows.reshape([count, 1, side, side]);
}

function checkSides(
  { width, height }: Sides,
  { facts, isAsked, subject }: { facts: PictureFacts; isAsked: boolean; subject: string },
): void {
  const least = multipleOf(facts);
  if (Math.min(width, height) < least) {
    const text = isAsked
      ? `size: expected sides of at least ${least} pixels, the least that this model takes, found ${width}x${height}.`
      : `expected a picture of at least ${least}x${least} pixels, the least that this model takes, found ${width}x${height}. Use a larger picture, or pass size to enlarge it.`;
    throw new VaekitError("INVALID_ARGUMENT", `${subject}: ${text}`);
  }
  if (width * height <= maxPixels) return;
  const message = `${subject}: expected at most ${maxPixels} pixels, found ${width}x${height}. Pass a smaller size.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}
