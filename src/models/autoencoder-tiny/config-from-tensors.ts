/**
 * The config of weights that come without one, from their shapes: all but the activation, the upsampling and the
 * range of latents as bytes, for which diffusers' defaults hold unless a caller says others. Of one half alone, the
 * other is taken to mirror it, as in every published model.
 */
import { VaekitError } from "../../errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import { describeFound } from "../config-checks.ts";
import { refuseContradictions } from "../config-keys.ts";
import type { GivenSources, ParsedConfig, TensorShapes } from "../model.ts";
import type { Half } from "../parameters.ts";
import { completeTinyConfig, readTinyKeys, type AutoencoderTinyConfig } from "./config.ts";
import { tinyParameterShapes } from "./graph.ts";

const halfNames = ["encoder", "decoder"] as const;

/** Whether they are those of the class, or of one of its halves: a first convolution of 3x3, and blocks. */
export function areTinyTensors(tensors: TensorShapes): boolean {
  return halfNames.some((half) => {
    const first = tensors.get(`${half}.layers.0.weight`)?.shape;
    return first?.length === 4 && first[2] === 3;
  });
}

/**
 * @param tensors under diffusers' names.
 * @param subject what to call the weights in messages: their path.
 * @throws INVALID_CONFIG when the caller names a family, which changes nothing here, or contradicts the shapes;
 *   UNSUPPORTED for relatives of another architecture.
 */
export function tinyConfigFromTensors(
  tensors: TensorShapes,
  { as, config: given }: GivenSources,
  subject: string,
): ParsedConfig<AutoencoderTinyConfig> {
  if (as !== undefined) {
    const message = `${subject}: expected no family for an AutoencoderTiny, found \`as: ${describeFound(as)}\`: it takes latents as the diffusion model makes them, by no factor. Leave it out.`;
    throw new VaekitError("INVALID_CONFIG", message);
  }
  const read =
    given === undefined
      ? { values: {}, warnings: [] }
      : readTinyKeys(given.json, given.subject, given.isFile ? "given file" : "object");
  const there = halfNames.filter((half) => tensors.has(`${half}.layers.0.weight`));
  const said = Object.assign(
    {},
    ...there.map((half) => keysOfHalf(tensors, half)),
  ) as Partial<AutoencoderTinyConfig>;
  refuseContradictions<AutoencoderTinyConfig>(
    said,
    Object.keys(said) as (keyof typeof said)[],
    read.values,
    subject,
  );
  const mirrored = there.length === 2 ? {} : mirror(said, there[0]!);
  const config = completeTinyConfig({ ...mirrored, ...said, ...read.values, ...said }, subject);
  refuseRelatives(tensors, config, there, subject);
  return { config, warnings: read.warnings };
}

/**
 * The config of a folder's weights: diffusers has no key for TAEF2's pool.
 *
 * @throws UNSUPPORTED for a pool that is not TAEF2's.
 */
export function withPoolOf(
  config: AutoencoderTinyConfig,
  tensors: TensorShapes,
  subject: string,
): AutoencoderTinyConfig {
  const pools = new Map([...tensors].filter(([name]) => name.includes(".pool.")));
  if (pools.size === 0) return config;
  const pooled = completeTinyConfig({ ...config, latentPool: true }, subject);
  refuseRelatives(pools, pooled, halfNames, subject);
  return pooled;
}

/** The layers of a half that have weights, by their numbers, in order. */
function layersOf(
  tensors: TensorShapes,
  half: Half,
): { index: number; isBlock: boolean; hasBias: boolean }[] {
  const prefix = `${half}.layers.`;
  const indices = new Set(
    [...tensors.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => Number(name.slice(prefix.length).split(".")[0])),
  );
  return [...indices]
    .sort((a, b) => a - b)
    .map((index) => ({
      index,
      isBlock: tensors.has(`${prefix}${index}.conv.0.weight`),
      hasBias: tensors.has(`${prefix}${index}.bias`),
    }));
}

/** What the shapes of one half say. Stages are parted by convolutions without a bias. */
function keysOfHalf(tensors: TensorShapes, half: Half): Partial<AutoencoderTinyConfig> {
  const layers = layersOf(tensors, half);
  const counts = [0];
  for (const { isBlock, hasBias } of layers) {
    if (isBlock) counts[counts.length - 1]! += 1;
    else if (!hasBias) counts.push(0);
  }
  const [width, inward] = tensors.get(`${half}.layers.0.weight`)!.shape as [number, number];
  const outward = tensors.get(`${half}.layers.${layers.at(-1)!.index}.weight`)?.shape[0] ?? 0;
  const widths = counts.map(() => width);
  const latentPool = layers.some(({ index }) => tensors.has(`${half}.layers.${index}.pool.0.weight`));
  return half === "encoder"
    ? {
        inChannels: inward,
        latentChannels: outward,
        encoderBlockOutChannels: widths,
        numEncoderBlocks: counts,
        latentPool,
      }
    : {
        outChannels: outward,
        latentChannels: inward,
        decoderBlockOutChannels: widths,
        numDecoderBlocks: counts,
        latentPool,
      };
}

function mirror(said: Partial<AutoencoderTinyConfig>, half: Half): Partial<AutoencoderTinyConfig> {
  return half === "encoder"
    ? {
        outChannels: said.inChannels!,
        decoderBlockOutChannels: said.encoderBlockOutChannels!,
        numDecoderBlocks: said.numEncoderBlocks!.toReversed(),
      }
    : {
        inChannels: said.outChannels!,
        encoderBlockOutChannels: said.decoderBlockOutChannels!,
        numEncoderBlocks: said.numDecoderBlocks!.toReversed(),
      };
}

/** Tensors of the same names in other places or shapes: a pool elsewhere, TAESANA's widths, TAEHV's memory. */
function refuseRelatives(
  tensors: TensorShapes,
  config: AutoencoderTinyConfig,
  halves: readonly Half[],
  subject: string,
): void {
  for (const half of halves) {
    const shapes = tinyParameterShapes(config, half);
    const own = [...tensors].filter(([name]) => name.startsWith(`${half}.`));
    const other = own.find(([name, { shape }]) => {
      const expected = shapes.get(name);
      return expected === undefined || !sameShape(expected, shape);
    });
    if (other === undefined) continue;
    const [name, { shape }] = other;
    const expected = shapes.get(name);
    const what = expected === undefined ? "no such tensor" : formatShape(expected);
    throw new VaekitError(
      "UNSUPPORTED",
      `${subject}: this is a relative of AutoencoderTiny (TAESD) of another architecture: of ${name} expected ${what}, found ${formatShape(shape)}. vaekit reads those that diffusers has, and TAEF2.`,
    );
  }
}
