/** A fast picture before the full one: the same latents through a small model of the same diffusion model's latents. */
import { VaekitError } from "../errors.ts";
import type { DecoderOutput } from "../latents/index.ts";
import type { ModelFacts } from "../models/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkOptions, optionKinds, type OptionKind, type OptionKinds } from "../util/check-options.ts";
import { codingKinds, type CodingOptions } from "./options.ts";

/** What of a model makes previews: any `Vae` with a decoder. */
export interface PreviewVae {
  /** For messages. */
  readonly name: string;
  /** What holds of the model. */
  readonly facts: ModelFacts;
  /** What a diffusion model makes → what `decodeLatents` takes. */
  denormalizeLatents(latents: Tensor): Tensor<"float32">;
  /** Latents → pixels. */
  decodeLatents(latents: Tensor, options?: CodingOptions): Promise<DecoderOutput>;
}

/**
 * The options of decoding.
 *
 * @typeParam Preview what `onPreview` is told: a picture of `decodeImage`, a `DecoderOutput` of `decode`.
 */
export interface DecodingOptions<Preview = DecoderOutput> extends CodingOptions {
  /**
   * A model that decodes the same latents first, as a tiny autoencoder of the same diffusion model does in a fraction of
   * the time. It gets them normalised.
   */
  readonly preview?: PreviewVae;
  /** Told what `preview` made of the latents, before this model begins. */
  readonly onPreview?: (preview: Preview) => void;
}

const previewKind: OptionKind = {
  expected: "a model, as openVae gives it",
  fits: (value) =>
    typeof value === "object" &&
    value !== null &&
    ["denormalizeLatents", "decodeLatents"].every((name) => typeof Reflect.get(value, name) === "function"),
};

const decodingKinds: OptionKinds<DecodingOptions> = {
  ...codingKinds,
  preview: previewKind,
  onPreview: optionKinds.callback,
};

/** @throws INVALID_ARGUMENT for an unknown option, a value of another kind, or one of the preview's two without the other. */
export function checkDecodingOptions(subject: string, options: DecodingOptions<never>): void {
  checkOptions(subject, options, decodingKinds);
  const { preview, onPreview } = options;
  if ((preview === undefined) === (onPreview === undefined)) return;
  const [there, missing] = preview === undefined ? ["onPreview", "preview"] : ["preview", "onPreview"];
  const message = `${subject}: ${there}: it needs ${missing} beside it. Pass both, or neither.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/**
 * The preview of latents.
 *
 * @param normalized what the diffusion model made, float [N, L, h, w].
 * @param facts of the model whose latents they are.
 * @throws INVALID_ARGUMENT when the model is of other latents; and as its decoding does.
 */
export async function decodePreview(
  preview: PreviewVae,
  normalized: Tensor,
  facts: ModelFacts,
  { signal, slicing }: CodingOptions,
): Promise<Tensor> {
  const [own, others] = [kindOf(facts), kindOf(preview.facts)];
  if (own !== others) {
    const message = `preview: expected a model of ${own}, found ${preview.name} of ${others}. Pass a small model of the same diffusion model's latents.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  const options = {
    ...(signal === undefined ? {} : { signal }),
    ...(slicing === undefined ? {} : { slicing }),
  };
  return (await preview.decodeLatents(preview.denormalizeLatents(normalized), options)).sample;
}

const kindOf = ({ latentChannels, spatialFactor }: ModelFacts): string =>
  `${latentChannels} latent channels and ${spatialFactor}x${spatialFactor} pixels per latent`;
