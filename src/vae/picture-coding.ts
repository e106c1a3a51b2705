/** The one call for the common case: pictures to what a diffusion model sees, and back. */
import { VaekitError } from "../errors.ts";
import type { Picture } from "../images/picture.ts";
import { checkRaster, type Raster } from "../images/raster.ts";
import {
  pictureKind,
  picturePixels,
  picturesOf,
  type PictureFacts,
  type PictureSize,
} from "../images/model-input.ts";
import { readPicture, type PictureCodec, type PictureSource } from "../images/picture-source.ts";
import type { DecoderOutput, Encoded, LatentsOptions } from "../latents/index.ts";
import type { ModelFacts } from "../models/index.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkOptions, optionKinds, type OptionKinds } from "../util/check-options.ts";
import type { LatentsWatch } from "./latents-watch.ts";
import type { CodingEngine, PixelsRequest } from "./coding-engine.ts";
import { codingKinds, type CodingOptions } from "./options.ts";
import { checkDecodingOptions, decodePreview, type DecodingOptions } from "./preview.ts";

/** The options of `preprocess`. */
export interface PictureOptions {
  /**
   * Pixels of the shorter side, with the proportions kept, or `{ width, height }`, to which the picture is cut; smaller pictures
   * are enlarged. @default the picture's own size
   */
  readonly size?: PictureSize;
}

/** The options of `encodeImage`: the picture's size, how it is encoded, and which latents are taken. */
export interface PictureEncodingOptions
  extends PictureOptions, CodingOptions, Pick<LatentsOptions, "sample" | "generator"> {}

const pictureKinds: OptionKinds<PictureOptions> = {
  // With the picture.
  size: optionKinds.checkedElsewhere,
};

const encodingKinds: OptionKinds<PictureEncodingOptions> = {
  ...pictureKinds,
  ...codingKinds,
  sample: optionKinds.boolean,
  // With the posterior's own checks.
  generator: optionKinds.checkedElsewhere,
};

/** What of a model codes pictures. */
export interface PictureCoder {
  readonly facts: ModelFacts;
  encode(pixels: Tensor, options: CodingOptions): Promise<Encoded>;
  decodeLatents(latents: Tensor, options: CodingOptions): Promise<DecoderOutput>;
  normalizeLatents(latents: Tensor): Tensor<"float32">;
  denormalizeLatents(latents: Tensor): Tensor<"float32">;
}

/** A picture → the model's input. */
export function preprocessPicture(
  coder: Pick<PictureCoder, "facts">,
  picture: Raster,
  options: PictureOptions,
): Tensor<"float32"> {
  checkOptions("preprocess", options, pictureKinds);
  checkRaster(picture, "preprocess");
  return picturePixels(picture, coder.facts, options.size, "preprocess");
}

/** The model's output → its pictures. */
export function postprocessPictures(
  coder: Pick<PictureCoder, "facts">,
  codec: PictureCodec,
  sample: Tensor,
): Picture[] {
  return picturesOf(sample, coder.facts, "postprocess").map((raster) => codec.picture(raster));
}

/** A picture → what a diffusion model sees of it. */
export async function encodePicture(
  coder: PictureCoder,
  { codec, engine }: { readonly codec: PictureCodec; readonly engine: Pick<CodingEngine, "picturePixels"> },
  source: PictureSource,
  options: PictureEncodingOptions,
): Promise<Tensor<"float32">> {
  checkOptions("encodeImage", options, encodingKinds);
  const { size, sample = false, generator, ...coding } = options;
  if (generator !== undefined && !sample) {
    const message =
      "encodeImage: generator is for sample: true; the most probable latents need none. Leave one of them out.";
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  // What a model cannot do is said before a picture is read for it.
  const kind = pictureKind(coder.facts, "inChannels", "encodeImage");
  const { facts } = coder;
  const alpha = kind === "rgba" ? "keep" : "white";
  const request = { alpha, facts, size, subject: "encodeImage", signal: coding.signal } as const;
  const pixels = await (engine.picturePixels?.(source, request) ?? pixelsHere(source, codec, request));
  const encoded = await coder.encode(pixels, coding);
  const latents = encoded.latents({ sample, ...(generator === undefined ? {} : { generator }) });
  return coder.normalizeLatents(latents);
}

/** Reads a picture in this thread, and makes a model's input of it. */
export async function pixelsHere(
  source: PictureSource,
  codec: PictureCodec,
  { alpha, facts, size, subject }: PixelsRequest,
): Promise<Tensor<"float32">> {
  return picturePixels(await readPicture(source, codec, subject, alpha), facts, size, subject);
}

/** What a diffusion model makes → its picture. */
export async function decodePicture(
  coder: PictureCoder,
  codec: PictureCodec,
  latents: Tensor,
  options: DecodingOptions<Picture>,
  watch: LatentsWatch,
): Promise<Picture> {
  checkDecodingOptions("decodeImage", options);
  pictureKind(coder.facts, "outChannels", "decodeImage");
  checkTensor(latents, "decodeImage: latents");
  const isOfPictures = latents.shape.length >= (coder.facts.layout === "rows" ? 2 : 4);
  if (isOfPictures && latents.shape[0] !== 1) {
    const expected = coder.facts.layout === "rows" ? "[1, L]" : "[1, L, h, w]";
    const message = `decodeImage: expected the latents of one picture, ${expected}, found ${formatShape(latents.shape)}. Decode several with decode and postprocess.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  const raw = coder.denormalizeLatents(latents);
  const { preview, onPreview, ...coding } = options;
  const pictureOf = (sample: Tensor, facts: PictureFacts): Picture =>
    codec.picture(picturesOf(sample, facts, "decodeImage")[0]!);
  if (preview !== undefined) {
    onPreview?.(pictureOf(await decodePreview(preview, latents, coder.facts, coding), preview.facts));
  }
  const looked = watch.look("decodeImage", latents);
  const [{ sample }] = await Promise.all([coder.decodeLatents(raw, coding), looked]);
  return pictureOf(sample, coder.facts);
}
