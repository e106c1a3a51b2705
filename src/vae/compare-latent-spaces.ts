/** Whether two models share a latent space: whether the latents of one mean the same picture to the other. */
import { VaekitError } from "../errors.ts";
import { psnr, type Raster } from "../images/index.ts";
import { checkRaster } from "../images/raster.ts";
import type { PictureSize } from "../images/model-input.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkOptions, optionKinds, type OptionKinds } from "../util/check-options.ts";
import { describeValue } from "../util/describe-value.ts";
import { Vae } from "./vae.ts";

/** "same": a diffusion model of one works with the other. "near": as between a model and one that was trained further. */
export type LatentSpaceVerdict = "same" | "near" | "different" | "unclear";

/** What became of a picture that one model encoded and another decoded. */
export interface CrossedPicture {
  /** Which of the two encoded: 0 or 1. */
  readonly encoder: 0 | 1;
  /** Which of the two decoded: 0 or 1. */
  readonly decoder: 0 | 1;
  /** Against the picture, in dB. */
  readonly psnr: number;
}

/** What a comparison found. */
export interface LatentSpaceComparison {
  /** The answer. */
  readonly verdict: LatentSpaceVerdict;
  /** Why, in a sentence. */
  readonly reason: string;
  /** Of each pair of halves that are there; none where the shapes of latents already differ. */
  readonly pictures: readonly CrossedPicture[];
}

/** Decibels that a stranger's latents may cost: 3 dB are twice the squared error, which another training step costs, too. */
const sameLoss = 3;
/** Latents of another space decode to noise, some 20 dB below. */
const nearLoss = 10;
/** Below this a model's own reconstruction is no picture, and nothing can be told from it. */
const leastOwnPsnr = 18;

/**
 * Encodes a picture with each of two models, and decodes it with each: the latents are handed over as a diffusion model sees
 * them, normalised by the one and denormalised by the other.
 *
 * @param models of which one may be a half alone, as long as there is an encoder and a decoder among them.
 * @throws INVALID_ARGUMENT for a size that one of them cannot have; UNSUPPORTED for models of rows, or without any pair of halves.
 */
export async function compareLatentSpaces(
  models: readonly [Vae, Vae],
  picture: Raster,
  options: { readonly size?: PictureSize } = {},
): Promise<LatentSpaceComparison> {
  checkModels(models);
  checkRaster(picture, "compareLatentSpaces");
  checkOptions("compareLatentSpaces", options, optionKindsOfSize);
  const difference = shapeDifference(models);
  if (difference !== undefined) return { verdict: "different", reason: difference, pictures: [] };
  const pictures: CrossedPicture[] = [];
  for (const encoder of indices) {
    if (!models[encoder].halves.includes("encoder")) continue;
    const latents = await normalizedLatents(models[encoder], picture, options);
    for (const decoder of indices) {
      if (!models[decoder].halves.includes("decoder")) continue;
      pictures.push({
        encoder,
        decoder,
        psnr: await decodedPsnr(models[decoder], latents, picture, options),
      });
    }
  }
  return { ...verdictOf(pictures, models), pictures };
}

const indices = [0, 1] as const;

// With the picture.
const optionKindsOfSize: OptionKinds<{ readonly size?: PictureSize }> = {
  size: optionKinds.checkedElsewhere,
};

/** @throws INVALID_ARGUMENT unless there are two models. */
function checkModels(models: unknown): void {
  const isPair = Array.isArray(models) && models.length === 2 && models.every((each) => each instanceof Vae);
  if (isPair) return;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `compareLatentSpaces: expected two models, [a, b], found ${describeValue(models)}. openVae opens one.`,
  );
}

function shapeDifference([a, b]: readonly [Vae, Vae]): string | undefined {
  const [ofA, ofB] = [a.facts, b.facts];
  if (ofA.layout === "rows" || ofB.layout === "rows") {
    const rows = ofA.layout === "rows" ? a : b;
    throw new VaekitError(
      "UNSUPPORTED",
      `compareLatentSpaces: expected two models of pictures, found ${rows.name}, a model of rows.`,
    );
  }
  if (ofA.latentChannels !== ofB.latentChannels) {
    return `one has ${ofA.latentChannels} latent channels, the other ${ofB.latentChannels}`;
  }
  if (ofA.spatialFactor !== ofB.spatialFactor) {
    const pixels = (factor: number): string => `${factor}x${factor}`;
    return `a latent of one covers ${pixels(ofA.spatialFactor)} pixels, of the other ${pixels(ofB.spatialFactor)}`;
  }
  return undefined;
}

async function normalizedLatents(
  vae: Vae,
  picture: Raster,
  options: { readonly size?: PictureSize },
): Promise<Tensor<"float32">> {
  const encoded = await vae.encode(vae.preprocess(picture, options));
  return vae.normalizeLatents(encoded.latents());
}

async function decodedPsnr(
  vae: Vae,
  latents: Tensor,
  picture: Raster,
  options: { readonly size?: PictureSize },
): Promise<number> {
  const { sample } = await vae.decodeLatents(vae.denormalizeLatents(latents));
  const [decoded] = vae.postprocess(sample);
  const [original] = vae.postprocess(vae.preprocess(picture, options));
  return psnr(decoded!, original!);
}

function verdictOf(
  pictures: readonly CrossedPicture[],
  models: readonly [Vae, Vae],
): Pick<LatentSpaceComparison, "verdict" | "reason"> {
  const crossed = pictures.filter(({ encoder, decoder }) => encoder !== decoder);
  if (crossed.length === 0) {
    throw new VaekitError(
      "UNSUPPORTED",
      `compareLatentSpaces: expected an encoder in one model and a decoder in the other, found the ${models[0].halves.join(" and ")} of ${models[0].name} and the ${models[1].halves.join(" and ")} of ${models[1].name}.`,
    );
  }
  const own = pictures.filter(({ encoder, decoder }) => encoder === decoder).map((each) => each.psnr);
  const reference = Math.min(...own);
  if (own.length === 0 || reference < leastOwnPsnr) {
    const found = own.length === 0 ? "neither is there as a whole" : `one reaches ${inDecibels(reference)}`;
    return {
      verdict: "unclear",
      reason: `a model's own reconstruction is what the other's is measured by, and ${found}`,
    };
  }
  const worst = Math.min(...crossed.map((each) => each.psnr));
  const loss = Math.max(reference - worst, 0);
  const reason = `latents of the other model cost ${inDecibels(loss)} at most, beside ${inDecibels(reference)} of the weaker one's own`;
  return { verdict: loss <= sameLoss ? "same" : loss <= nearLoss ? "near" : "different", reason };
}

const inDecibels = (value: number): string => `${value.toFixed(1)} dB`;
