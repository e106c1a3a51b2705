/** The published families of VAEs, and what their files do not say of them. */

/** A published family of VAEs: Stable Diffusion 1 and 2, Stable Diffusion XL, Stable Diffusion 3, FLUX.1. */
export type ModelFamily = "sd1" | "sdxl" | "sd3" | "flux1";

/** What the members of a family share, beside the architecture that shapes tell. */
export interface FamilyPreset {
  /** The family's name for people. */
  readonly label: string;
  /** Latent channels, C. */
  readonly latentChannels: number;
  /** Whether the file has both quant_conv and post_quant_conv, or neither. */
  readonly hasQuantConvs: boolean;
  /** `scaling_factor` of the family's config.json. */
  readonly scalingFactor: number;
  /** `shift_factor` of the family's config.json; null where it has none. */
  readonly shiftFactor: number | null;
  /** `sample_size` of the family's config.json, in pixels: the side of diffusers' tiles. */
  readonly sampleSize: number;
}

/** The published families, with the values of their vae/config.json. */
export const modelFamilies: { readonly [F in ModelFamily]: FamilyPreset } = {
  sd1: {
    label: "Stable Diffusion 1 and 2",
    latentChannels: 4,
    hasQuantConvs: true,
    scalingFactor: 0.18215,
    shiftFactor: null,
    sampleSize: 512,
  },
  sdxl: {
    label: "Stable Diffusion XL",
    latentChannels: 4,
    hasQuantConvs: true,
    scalingFactor: 0.13025,
    shiftFactor: null,
    sampleSize: 1024,
  },
  sd3: {
    label: "Stable Diffusion 3",
    latentChannels: 16,
    hasQuantConvs: false,
    scalingFactor: 1.5305,
    shiftFactor: 0.0609,
    sampleSize: 1024,
  },
  flux1: {
    label: "FLUX.1",
    latentChannels: 16,
    hasQuantConvs: false,
    scalingFactor: 0.3611,
    shiftFactor: 0.1159,
    sampleSize: 1024,
  },
};

export const familyNames = Object.keys(modelFamilies) as ModelFamily[];
