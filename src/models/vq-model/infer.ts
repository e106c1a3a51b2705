/**
 * The config of a VQModel's weights that come without one: what the shapes of the tensors say, then the keys that the
 * caller gives, then diffusers' defaults.
 */
import { VaekitError } from "../../errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import { refuseContradictions } from "../config-keys.ts";
import {
  decoderOf,
  downBlockTypesOf,
  inferNormNumGroups,
  Shapes,
  upBlockTypesOf,
  type HalfArchitecture,
} from "../infer-blocks.ts";
import type { GivenSources, ParsedConfig, TensorShapes } from "../model.ts";
import { codebookName } from "./names.ts";
import {
  readVQModelConfig,
  vqModelClassName,
  withVQModelDefaults,
  type NormType,
  type VQModelConfig,
} from "./keys.ts";

/** Whether there are a codebook and a decoder to which it belongs. */
export const areOfVQModel = (tensors: TensorShapes): boolean =>
  tensors.has(codebookName) && tensors.has("decoder.conv_in.weight");

/** @throws INVALID_CONFIG when a caller's keys contradict the shapes; WEIGHTS_MISMATCH when weights are missing. */
export function inferVQModelConfig(
  tensors: TensorShapes,
  { as, config: given }: GivenSources,
  subject: string,
): ParsedConfig<VQModelConfig> {
  if (as !== undefined) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `${subject}: \`as\` names families of AutoencoderKL, and this is a ${vqModelClassName}. Leave it out; \`config\` says what the file does not.`,
    );
  }
  const { values, warnings } =
    given === undefined
      ? { values: {}, warnings: [] }
      : readVQModelConfig(given.json, given.subject, given.isFile ? "given file" : "object");
  const shapes = architectureOf(new Shapes(tensors, subject, vqModelClassName), values.normNumGroups);
  const said = new Set(Object.keys(shapes) as (keyof VQModelConfig)[]);
  if (!tensors.has("encoder.conv_in.weight")) {
    said.delete("inChannels");
    said.delete("downBlockTypes");
  }
  const embedDim =
    values.vqEmbedDim === null ? { vqEmbedDim: values.latentChannels ?? shapes.vqEmbedDim } : {};
  refuseContradictions<VQModelConfig>(shapes, said, { ...values, ...embedDim }, subject);
  return { config: withVQModelDefaults({ ...shapes, ...values, ...embedDim }, subject), warnings };
}

type Architecture = Omit<
  VQModelConfig,
  "actFn" | "sampleSize" | "scalingFactor" | "lookupFromCodebook" | "forceUpcast"
>;

/** Of a decoder alone, the encoder is taken to mirror it. */
function architectureOf(shapes: Shapes, normNumGroups: number | undefined): Architecture {
  const { tensors, subject } = shapes;
  const decoder = decoderOf(shapes);
  const [rows, embedDim] = codebookShape(shapes);
  const { blockOutChannels, layersPerBlock, latentChannels, midBlockAddAttention } = decoder;
  return {
    inChannels: tensors.get("encoder.conv_in.weight")?.shape[1] ?? decoder.pictureChannels,
    outChannels: decoder.pictureChannels,
    downBlockTypes: downBlockTypesOf(attentionOfEncoder(shapes, decoder)),
    upBlockTypes: upBlockTypesOf(decoder.attention),
    blockOutChannels,
    layersPerBlock,
    latentChannels,
    numVqEmbeddings: rows,
    vqEmbedDim: embedDim,
    normNumGroups: normNumGroups ?? inferNormNumGroups(blockOutChannels, subject),
    normType: normTypeOf(tensors),
    midBlockAddAttention,
  };
}

function attentionOfEncoder(shapes: Shapes, { attention }: HalfArchitecture): readonly boolean[] {
  if (!shapes.tensors.has("encoder.conv_in.weight")) return attention;
  return attention.map((_, level) => shapes.hasAttention(`encoder.down_blocks.${level}`));
}

function codebookShape(shapes: Shapes): [rows: number, embedDim: number] {
  const shape: Shape = shapes.tensors.get(codebookName)!.shape;
  const [rows, embedDim] = shape;
  if (rows !== undefined && embedDim !== undefined && shape.length === 2) return [rows, embedDim];
  throw shapes.mismatch(`${codebookName} of shape [rows, values]`);
}

const normTypeOf = (tensors: TensorShapes): NormType =>
  tensors.has("decoder.conv_norm_out.conv_y.weight") ? "spatial" : "group";
