/**
 * What `vaekit sample` needs of a model, whatever its kind: latents of the prior, of a picture, and pictures out of
 * them. All latents are normalized: of about mean 0 and variance 1.
 */
import {
  readImage,
  VaeImageProcessor,
  VaekitError,
  type Generator,
  type Tensor,
  type Vae,
} from "../node/index.ts";
import { UsageError } from "./failure.ts";
import { naming } from "./naming.ts";
import { openModel } from "./open-model.ts";
import type { ModelOptions } from "./options.ts";
import { warnOfSaturation } from "./saturation.ts";
import { preparePicture, targetSize } from "./pictures.ts";

/** The size of pictures, in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

export interface Sampler extends AsyncDisposable {
  /** Of the pictures' values: "signed" is [-1, 1], "unit" is [0, 1]. */
  readonly range: "signed" | "unit";
  /** Of one picture. */
  readonly pixelCount: number;
  /** Where the weights lie. */
  readonly weightFiles: readonly string[];
  /** Draws latents [count, …] of the prior N(0, 1). */
  prior(count: number, generator: Generator): Tensor<"float32">;
  /** The latents [1, …] of a picture file: the posterior's mode. */
  encode(path: string): Promise<Tensor<"float32">>;
  /** Pictures [N, C, H, W] or [N, D] of latents. */
  decode(latents: Tensor, onProgress: (done: number, total: number) => void): Promise<Tensor>;
}

/** The side of pictures when nobody asks for a size. */
const defaultSide = 256;

/**
 * Opens the model that the options name, of whatever class.
 *
 * @throws UsageError when `size` does not fit the model.
 */
export async function openSampler(options: ModelOptions, size: PictureSize | undefined): Promise<Sampler> {
  const vae = await openModel(options);
  try {
    if (vae.facts.layout === "planes") {
      return planesSampler(vae, size ?? { width: defaultSide, height: defaultSide });
    }
    if (size === undefined) return rowsSampler(vae);
    throw new UsageError("--size: this model's pictures have one size only. Leave it out.");
  } catch (error) {
    await vae.dispose();
    throw error;
  }
}

function planesSampler(vae: Vae, size: PictureSize): Sampler {
  const { latentChannels, pixelRange } = vae.facts;
  const asked = { kind: "exact", ...size } as const;
  const anyPicture = { width: Infinity, height: Infinity };
  const { width, height } = targetSize(anyPicture, asked, vae.spatialFactor, "the picture");
  const latentSize = [height / vae.spatialFactor, width / vae.spatialFactor];
  return {
    range: pixelRange,
    pixelCount: width * height,
    weightFiles: vae.weightFiles,
    prior: (count, generator) => generator.randn([count, latentChannels, ...latentSize]),
    encode: async (path) => {
      const { pixels } = await preparePicture(path, vae, { size: asked });
      const encoded = await naming(path, () => vae.encode(pixels));
      return vae.normalizeLatents(encoded.latents());
    },
    decode: async (latents, onProgress) => {
      const { sample } = await vae.decode(vae.denormalizeLatents(latents), {
        // One picture at a time: the same numbers, less memory.
        slicing: true,
        onProgress: ({ done, total }) => {
          onProgress(done, total);
        },
      });
      warnOfSaturation(sample, vae, "samples");
      return sample;
    },
    [Symbol.asyncDispose]: () => vae.dispose(),
  };
}

function rowsSampler(vae: Vae): Sampler {
  const { inChannels: pixelCount, latentChannels, pixelRange } = vae.facts;
  return {
    range: pixelRange,
    pixelCount,
    weightFiles: vae.weightFiles,
    prior: (count, generator) => generator.randn([count, latentChannels]),
    encode: async (path) => {
      const side = Math.sqrt(pixelCount);
      if (!Number.isInteger(side)) {
        const message = `${vae.name}: its ${pixelCount} pixels are no square picture; the command line cannot encode for it.`;
        throw new VaekitError("UNSUPPORTED", message);
      }
      const picture = await readImage(path, { convert: "grayscale" });
      const processor = new VaeImageProcessor({
        vaeScaleFactor: 1,
        doNormalize: pixelRange === "signed",
        // Cutting to shape is diffusers' and gives three channels.
        doConvertGrayscale: true,
      });
      const pixels = processor.preprocess(picture, { width: side, height: side, resizeMode: "crop" });
      const encoded = await naming(path, () => vae.encode(pixels.reshape([1, pixelCount])));
      return vae.normalizeLatents(encoded.latents());
    },
    decode: async (latents, onProgress) => {
      const { sample } = await vae.decode(vae.denormalizeLatents(latents));
      onProgress(1, 1);
      return sample;
    },
    [Symbol.asyncDispose]: () => vae.dispose(),
  };
}
