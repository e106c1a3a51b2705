/**
 * What `vaekit sample` needs of a model, whatever its class: latents of the prior, of a picture, and pictures out of
 * them. All latents are normalized: of about mean 0 and variance 1.
 */
import {
  VQModel,
  type CodingOptions,
  type Generator,
  type Raster,
  type Tensor,
  type Vae,
} from "../node/index.ts";
import { UsageError } from "./failure.ts";
import { naming } from "./naming.ts";
import { openModel } from "./open-model.ts";
import type { ModelOptions } from "./options.ts";
import { warnOfSaturation } from "./saturation.ts";
import { preparePicture, sampleMultiple, targetSize } from "./pictures.ts";

/** The size of pictures, in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

export interface Sampler extends AsyncDisposable {
  /** Of one picture. */
  readonly pixelCount: number;
  /** Where the weights lie. */
  readonly weightFiles: readonly string[];
  /** What is to be said of the prior, where the model has none. */
  readonly priorNote: string | undefined;
  /** Draws latents [count, …] of the prior N(0, 1). */
  prior(count: number, generator: Generator): Tensor<"float32">;
  /** The most probable latents [1, …] of a picture file. */
  encode(path: string): Promise<Tensor<"float32">>;
  /** The pictures of latents: their means, or with a generator samples of p(x|z). */
  decode(
    latents: Tensor,
    onProgress: (done: number, total: number) => void,
    generator?: Generator,
  ): Promise<Raster[]>;
}

/** Of a codebook's rows nothing says which ones lie beside each other: a second model learns that. */
const noPrior =
  "A VQModel has no prior of its own: the rows of its codebook that are nearest to N(0, 1) are decoded, which are textures without objects.";

/** The side of pictures when nobody asks for a size. */
const defaultSide = 256;

/**
 * Opens the model that the options name.
 *
 * @throws UsageError when `size` or an option does not fit the model.
 */
export async function openSampler(options: ModelOptions, size: PictureSize | undefined): Promise<Sampler> {
  const vae = await openModel(options);
  try {
    return samplerOf(vae, size);
  } catch (error) {
    await vae.dispose();
    throw error;
  }
}

function samplerOf(vae: Vae, size: PictureSize | undefined): Sampler {
  const { pixelCount, asked, latentShape } = sizesOf(vae, size);
  return {
    pixelCount,
    weightFiles: vae.weightFiles,
    priorNote: vae instanceof VQModel ? noPrior : undefined,
    prior: (count, generator) => generator.randn([count, ...latentShape]),
    encode: async (path) => {
      const { pixels } = await preparePicture(path, vae, { size: asked });
      const encoded = await naming(path, () => vae.encode(pixels));
      return vae.normalizeLatents(encoded.latents());
    },
    decode: async (latents, onProgress, generator) => {
      const options: CodingOptions = {
        // One picture at a time: the same numbers, less memory.
        slicing: true,
        onProgress: ({ done, total }) => {
          onProgress(done, total);
        },
      };
      const own = vae.denormalizeLatents(latents);
      if (generator !== undefined) {
        const distribution = await vae.decodeDistribution(own, options);
        return vae.postprocess(distribution.sample({ generator }));
      }
      const { sample } = await vae.decodeLatents(own, options);
      warnOfSaturation(sample, vae, "samples");
      return vae.postprocess(sample);
    },
    [Symbol.asyncDispose]: () => vae.dispose(),
  };
}

interface Sizes {
  readonly pixelCount: number;
  readonly asked: { readonly kind: "exact" } & PictureSize;
  /** Of one picture's latents, without the batch. */
  readonly latentShape: readonly number[];
}

function sizesOf({ facts }: Vae, size: PictureSize | undefined): Sizes {
  const { layout, inChannels, latentChannels, spatialFactor } = facts;
  if (layout === "rows") {
    if (size !== undefined) {
      throw new UsageError("--size: this model's pictures have one size only. Leave it out.");
    }
    const side = Math.sqrt(inChannels);
    return {
      pixelCount: inChannels,
      asked: { kind: "exact", width: side, height: side },
      latentShape: [latentChannels],
    };
  }
  const asked = { kind: "exact", ...(size ?? { width: defaultSide, height: defaultSide }) } as const;
  const anyPicture = { width: Infinity, height: Infinity };
  const { width, height } = targetSize(anyPicture, asked, sampleMultiple(facts), "the picture");
  const latentShape = [latentChannels, height / spatialFactor, width / spatialFactor];
  return { pixelCount: width * height, asked: { kind: "exact", width, height }, latentShape };
}
