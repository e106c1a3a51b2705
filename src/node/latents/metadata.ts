/** What vaekit notes in the metadata of a file of latents: where they came from, and what normalised them. */
import { basename } from "node:path";
import { packageVersion } from "../../files/node/index.ts";
import type { LatentScaling } from "../../latents/index.ts";
import {
  checkOptions,
  checkValue,
  optionKinds,
  type OptionKind,
  type OptionKinds,
} from "../../util/check-options.ts";
import type { Vae } from "../../vae/vae.ts";
import { checkVae } from "../check-vae.ts";

/** How latents were made. */
export interface LatentsOrigin {
  /** The pictures, in the batch's order; of their paths the names are noted. */
  readonly images: readonly string[];
  /** Width of the pictures as the model saw them, in pixels. */
  readonly width: number;
  /** Height of the pictures as the model saw them, in pixels. */
  readonly height: number;
  /** As in the options of `encode`. @defaultValue "auto" */
  readonly tiling?: string | undefined;
  /** The seed of torch's generator, where the latents are samples. @defaultValue they are the most probable ones */
  readonly seed?: number | undefined;
  /** What to call the model. @defaultValue its name */
  readonly model?: string | undefined;
}

const originKinds: OptionKinds<LatentsOrigin> = {
  images: {
    expected: "a list of paths",
    fits: (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
  },
  width: sideKind(),
  height: sideKind(),
  tiling: optionKinds.text,
  seed: optionKinds.finiteNumber,
  model: optionKinds.text,
};

function sideKind(): OptionKind {
  return {
    expected: "a number of pixels",
    fits: (value) => Number.isSafeInteger(value) && Number(value) > 0,
  };
}

/**
 * The strings of a safetensors file's header that tell where its latents came from, for `encodeSafetensors`. Keys are
 * diffusers' where it has them; a factor that is not there had no part in the scaling.
 *
 * @throws INVALID_ARGUMENT for what is no model or no origin.
 */
export function latentsMetadata(vae: Vae, origin: LatentsOrigin): Record<string, string> {
  checkVae("latentsMetadata", vae);
  checkValue("latentsMetadata", origin, { ...optionKinds.object, expected: "where the latents came from" });
  checkOptions("latentsMetadata", origin, originKinds);
  for (const key of ["images", "width", "height"] as const) {
    checkValue(`latentsMetadata: ${key}`, origin[key], originKinds[key]);
  }
  const { images, width, height, tiling = "auto", seed, model = vae.name } = origin;
  return {
    format: "pt",
    vaekit_version: packageVersion(),
    model,
    images: JSON.stringify(images.map((path) => basename(path))),
    width: String(width),
    height: String(height),
    tiling,
    latents: seed === undefined ? "normalized mode" : `normalized sample, torch seed ${seed}`,
    ...scalingMetadata(vae.scaling),
  };
}

/** What normalises latents, under config.json's keys where it has any. */
export function scalingMetadata(scaling: LatentScaling): Record<string, string> {
  switch (scaling.kind) {
    case "none":
      return {};
    case "factor":
      return {
        scaling_factor: String(scaling.scalingFactor),
        shift_factor: String(scaling.shiftFactor),
      };
    case "meanStd": {
      const { scalingFactor, mean, std } = scaling;
      return {
        ...(scalingFactor === undefined ? {} : { scaling_factor: String(scalingFactor) }),
        latents_mean: JSON.stringify(mean),
        latents_std: JSON.stringify(std),
      };
    }
    case "patchMeanStd": {
      const { mean, std } = scaling;
      return { patch_mean: JSON.stringify(mean), patch_std: JSON.stringify(std) };
    }
  }
}
