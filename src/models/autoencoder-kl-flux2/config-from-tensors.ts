/**
 * The config of FLUX.2 weights that come without one: what the shapes of their tensors say, then the keys that the
 * caller gives. FLUX.2 is one family, so nothing else is open.
 */
import { VaekitError } from "../../errors.ts";
import { readKeys, refuseContradictions } from "../config-keys.ts";
import { describeFound } from "../config-checks.ts";
import {
  decoderOf,
  downBlockTypesOf,
  encoderOf,
  halfAlone,
  inferNormNumGroups,
  Shapes,
  upBlockTypesOf,
  type HalfArchitecture,
} from "../infer-blocks.ts";
import type { GivenSources, ParsedConfig, TensorShapes } from "../model.ts";
import {
  defaultFlux2Config,
  flux2Table,
  withFlux2Defaults,
  type AutoencoderKLFlux2Config,
} from "./config.ts";

/** Whether the tensors are FLUX.2's: by its statistics, or a half alone by the channels that only its latents have. */
export function areFlux2Tensors(tensors: TensorShapes): boolean {
  const hasHalf = ["encoder", "decoder"].some((half) => tensors.has(`${half}.conv_in.weight`));
  if (hasHalf && tensors.has("bn.running_mean")) return true;
  const { latentChannels } = defaultFlux2Config;
  switch (halfAlone(tensors)) {
    case "encoder":
      return tensors.get("quant_conv.weight")?.shape[0] === 2 * latentChannels;
    case "decoder":
      return tensors.get("post_quant_conv.weight")?.shape[0] === latentChannels;
    case undefined:
      return false;
  }
}

type Said = Partial<AutoencoderKLFlux2Config>;

/**
 * The whole config of weights under diffusers' names.
 *
 * @throws INVALID_CONFIG for a family, and for keys that contradict the shapes; WEIGHTS_MISMATCH when weights are
 *   missing that every AutoencoderKLFlux2 has.
 */
export function flux2ConfigFromTensors(
  tensors: TensorShapes,
  { as, config: given }: GivenSources,
  subject: string,
): ParsedConfig<AutoencoderKLFlux2Config> {
  if (as !== undefined) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `${subject}: expected no \`as\` for FLUX.2's autoencoder, whose scaling is in the file, found ${describeFound(as)}. Leave it out.`,
    );
  }
  const read =
    given && readKeys(given.json, given.subject, given.isFile ? "given file" : "object", flux2Table);
  const { values = {}, warnings = [] } = read ?? {};
  const said = saidBy(tensors, subject);
  refuseContradictions<AutoencoderKLFlux2Config>(said, Object.keys(said) as (keyof Said)[], values, subject);
  const known = { ...mirrored(said, tensors), ...said, ...values };
  const normNumGroups = values.normNumGroups ?? groupsOf(known, subject);
  return { config: withFlux2Defaults({ ...known, normNumGroups }, subject), warnings };
}

/** What the halves that are there leave no doubt of. */
function saidBy(tensors: TensorShapes, subject: string): Said {
  const shapes = new Shapes(tensors, subject, flux2Table.classNames[0]);
  const alone = halfAlone(tensors);
  const encoder = alone === "decoder" ? undefined : encoderOf(shapes);
  const decoder = alone === "encoder" ? undefined : decoderOf(shapes);
  return { ...(decoder && saidByDecoder(decoder, encoder)), ...(encoder && saidByEncoder(encoder)) };
}

function saidByEncoder(encoder: HalfArchitecture): Said {
  return {
    ...sharedBy(encoder),
    inChannels: encoder.pictureChannels,
    downBlockTypes: downBlockTypesOf(encoder.attention),
    blockOutChannels: encoder.blockOutChannels,
    useQuantConv: encoder.hasQuantConv,
  };
}

function saidByDecoder(decoder: HalfArchitecture, encoder: HalfArchitecture | undefined): Said {
  const widths = decoder.blockOutChannels;
  const isSame = JSON.stringify(widths) === JSON.stringify(encoder?.blockOutChannels);
  return {
    ...sharedBy(decoder),
    outChannels: decoder.pictureChannels,
    upBlockTypes: upBlockTypesOf(decoder.attention),
    decoderBlockOutChannels: isSame ? null : widths,
    usePostQuantConv: decoder.hasQuantConv,
  };
}

const sharedBy = ({ latentChannels, layersPerBlock, midBlockAddAttention }: HalfArchitecture): Said => ({
  latentChannels,
  layersPerBlock,
  midBlockAddAttention,
});

/** What a half alone leaves open: the other is taken to be FLUX.2's, where its levels are, else to mirror it. */
function mirrored(said: Said, tensors: TensorShapes): Said {
  const { decoderBlockOutChannels: widths, upBlockTypes = [], downBlockTypes = [] } = said;
  switch (halfAlone(tensors)) {
    case "decoder": {
      const isFlux2s = widths?.length === defaultFlux2Config.blockOutChannels.length;
      return {
        downBlockTypes: downBlockTypesOf([...upBlockTypes].reverse().map((type) => type.startsWith("Attn"))),
        ...(widths && !isFlux2s ? { blockOutChannels: widths } : {}),
      };
    }
    case "encoder":
      return { upBlockTypes: upBlockTypesOf(downBlockTypes.map((type) => type.startsWith("Attn"))) };
    case undefined:
      return {};
  }
}

/** Of all widths together. @throws INVALID_CONFIG when the usual count does not divide them. */
function groupsOf({ blockOutChannels = [], decoderBlockOutChannels }: Said, subject: string): number {
  return inferNormNumGroups([...blockOutChannels, ...(decoderBlockOutChannels ?? [])], subject);
}
