/** A fast picture before the full one: the same latents through a tiny model of the same diffusion model's latents. */
import { VaekitError } from "../errors.ts";
import type { Picture } from "../images/picture.ts";
import type { DecoderOutput } from "../latents/index.ts";
import type { ModelFacts } from "../models/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { describeValue } from "../util/describe-value.ts";
import { optionKinds, type OptionKind, type OptionKinds } from "../util/check-options.ts";
import { codingKinds, type CodingOptions } from "./options.ts";

/** What of a model makes previews: any Vae with a decoder. */
export interface PreviewVae {
  /** For messages. */
  readonly name: string;
  /** What holds of the model. */
  readonly facts: ModelFacts;
  /** What a diffusion model makes → what `decode` takes. */
  denormalizeLatents(latents: Tensor): Tensor<"float32">;
  /** Latents → pixels. */
  decode(latents: Tensor, options?: CodingOptions): Promise<DecoderOutput>;
}

/**
 * The options of decoding.
 *
 * @typeParam Preview what `onPreview` is told.
 */
export interface DecodingOptions<Preview = DecoderOutput> extends CodingOptions {
  /**
   * A model that decodes the same latents first, as a tiny autoencoder of the same diffusion model does in a fraction of the
   * time. It gets them normalised.
   */
  readonly preview?: PreviewVae;
  /** Told what `preview` made of the latents, before this model begins. */
  readonly onPreview?: (preview: Preview) => void;
}

const previewKind: OptionKind = {
  expected: "a model, as openVae gives it",
  fits: (value) =>
    typeof value === "object" && value !== null && ["denormalizeLatents", "decode"].every(
      (name) => typeof Reflect.get(value, name) === "function",
    ),
};

export const decodingKinds: OptionKinds<DecodingOptions> = {
  ...codingKinds,
  preview: previewKind,
  onPreview: optionKinds.callback,
};

/** The options of decoding, and those of it that are the preview's. */
export function partsOf<P>({ preview, onPreview, ...coding }: DecodingOptions<P>): {
  readonly preview: PreviewVae | undefined;
  readonly onPreview: ((preview: P) => void) | undefined;
  readonly coding: CodingOptions;
} {
  return { preview, onPreview, coding };
}

/**
 * Decodes latents as a preview.
 *
 * @param normalized what the diffusion model made, float [N, L, h, w].
 * @param facts of the model whose latents they are.
 * @throws INVALID_ARGUMENT when the model takes latents of other channels; and as its `decode` does.
 */
export async function previewOf(
  preview: PreviewVae,
  normalized: Tensor,
  facts: ModelFacts,
  { signal, slicing }: CodingOptions,
): Promise<DecoderOutput> {
  const { latentChannels, spatialFactor } = preview.facts;
  if (latentChannels !== facts.latentChannels || spatialFactor !== facts.spatialFactor) {
    const kind = (each: ModelFacts): string =>
      `${each.latentChannels} latent channels and ${each.spatialFactor} pixels per latent`;
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `preview: expected a model of ${kind(facts)}, found ${kind(preview.facts)} in ${preview.name}. Pass a tiny model of the same family.`,
    );
  }
  return preview.decode(preview.denormalizeLatents(normalized), {
    ...(signal === undefined ? {} : { signal }),
    ...(slicing === undefined ? {} : { slicing }),
  });
}
