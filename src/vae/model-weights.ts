/** A checkpoint matched with the model: every parameter found, of the right shape, and what was left over. */
import { VaekitError } from "../errors.ts";
import type { Buffers, FindParameter, Half, ScaledPixels, VaeModel } from "../models/index.ts";
import { formatShape, sameShape, sizeOf, type Shape } from "../tensor/shape.ts";
import type { FoundTensor, StoredTensor } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { floatTensor, readableTensor, readTensor } from "../weights/index.ts";
import { shownName } from "../util/printable.ts";

/** How many names a message lists before it counts the rest. */
const maxListed = 3;

export interface ModelWeights {
  /** Name → where it lies; exactly the model's parameters, in the model's order. */
  readonly parameters: ReadonlyMap<string, StoredTensor>;
  /** The tensors that no graph takes, as far as the checkpoint has them. */
  readonly buffers: Buffers;
  /** Names in the checkpoint that the model does not have. */
  readonly unexpected: readonly string[];
  /** The scale of the pixels' distribution, where its parameters lie beside the model's. */
  readonly likelihood?: LikelihoodWeights | undefined;
}

/** Exactly the parameters of a scale, and what it is. */
export interface LikelihoodWeights {
  readonly pixels: ScaledPixels;
  readonly parameters: ReadonlyMap<string, StoredTensor>;
}

/** Part of a checkpoint, and what of it is in memory. */
export interface MatchOptions {
  /** One half alone. @default both */
  readonly half?: Half;
  /** What {@link readBuffers} found. @default none */
  readonly buffers?: Buffers;
}

/**
 * Matches a checkpoint with a model's config.
 *
 * @param subject what to call the checkpoint in messages.
 * @throws WEIGHTS_MISMATCH when a tensor is missing or has another shape; INVALID_FILE when it is of a dtype that no
 *   weight has. What the model does not need may have any dtype.
 */
export function matchWeights<Config extends object>(
  model: VaeModel<Config>,
  config: Config,
  tensors: ReadonlyMap<string, FoundTensor>,
  subject: string,
  { half, buffers = new Map() }: MatchOptions = {},
): ModelWeights {
  const ofBuffers = bufferShapes(model, config);
  const others = new Map([...tensors].filter(([name]) => !ofBuffers.has(name)));
  const matched = matchShapes(shapesIn(others, model, model.parameterShapes(config, half)), others, subject);
  for (const [name, shape] of ofBuffers) {
    const found = tensors.get(name);
    if (found !== undefined) checkShape(name, found, shape, subject);
  }
  const missing = neededBuffers(model, config).filter((name) => !buffers.has(name));
  // One half may lack what the other brings.
  if (half === undefined && missing.length > 0) {
    throw new VaekitError(
      "WEIGHTS_MISMATCH",
      `${subject}: expected ${model.className}'s tensors beside its parameters, found no ${listed(missing)}. ` +
        "Check that the file is whole.",
    );
  }
  return { ...matched, buffers };
}

/** The shapes that a checkpoint must have, where it has some of the class's other ones, or lacks what it may. */
function shapesIn(
  tensors: ReadonlyMap<string, FoundTensor>,
  { tolerance }: Pick<VaeModel, "tolerance">,
  shapes: ReadonlyMap<string, Shape>,
): ReadonlyMap<string, Shape> {
  if (tolerance === undefined) return shapes;
  const asFound = [...shapes].flatMap(([name, shape]): [string, Shape][] => {
    const found = tensors.get(name)?.shape;
    if (found === undefined) return tolerance.mayLack(name) ? [] : [[name, shape]];
    return [[name, tolerance.alsoFits(found, shape) ? found : shape]];
  });
  return new Map(asFound);
}

/** The parameters of a list, and what is left over. */
export function matchShapes(
  shapes: ReadonlyMap<string, Shape>,
  tensors: ReadonlyMap<string, FoundTensor>,
  subject: string,
): Omit<ModelWeights, "buffers"> {
  const missing = [...shapes.keys()].filter((name) => !tensors.has(name));
  if (missing.length > 0) {
    throw new VaekitError(
      "WEIGHTS_MISMATCH",
      `${subject}: expected the ${shapes.size} tensors of this config, found no ${listed(missing)}. ` +
        "Check that the config belongs to these weights and that the file is whole.",
    );
  }
  const parameters = new Map<string, StoredTensor>();
  for (const [name, shape] of shapes) {
    const stored = floatTensor(tensors.get(name)!);
    checkShape(name, stored, shape, subject);
    parameters.set(name, stored);
  }
  return { parameters, unexpected: [...tensors.keys()].filter((name) => !shapes.has(name)) };
}

function checkShape(name: string, stored: FoundTensor, shape: Shape, subject: string): void {
  if (fits(stored.shape, shape)) return;
  throw new VaekitError(
    "WEIGHTS_MISMATCH",
    `${subject}: expected ${name} to be ${formatShape(shape)}, found ${formatShape(stored.shape)}. ` +
      "Check that the config belongs to these weights.",
  );
}

/** Name and shape of each buffer. */
export function bufferShapes<Config extends object>(
  model: VaeModel<Config>,
  config: Config,
): Map<string, Shape> {
  return new Map([...(model.buffers?.(config) ?? [])].map(([name, { fresh }]) => [name, fresh.shape]));
}

/** The buffers without which a model is not whole. */
export function neededBuffers<Config extends object>(model: VaeModel<Config>, config: Config): string[] {
  return [...(model.buffers?.(config) ?? [])].flatMap(([name, { isOptional = false }]) =>
    isOptional ? [] : [name],
  );
}

/**
 * The buffers that a checkpoint has, of the model's shapes.
 *
 * @throws INVALID_FILE for a dtype that vaekit does not read; IO
 */
export async function readBuffers<Config extends object>(
  model: VaeModel<Config>,
  config: Config,
  tensors: ReadonlyMap<string, FoundTensor>,
): Promise<Buffers> {
  const buffers = new Map<string, Tensor>();
  for (const [name, shape] of bufferShapes(model, config)) {
    const found = tensors.get(name);
    // One of another shape is refused where it is matched.
    if (found === undefined || !fits(found.shape, shape)) continue;
    buffers.set(name, (await readTensor(readableTensor(found))).reshape(shape));
  }
  return buffers;
}

/** Those of a fresh model. */
export function freshBuffers<Config extends object>(model: VaeModel<Config>, config: Config): Buffers {
  return new Map([...(model.buffers?.(config) ?? [])].map(([name, { fresh }]) => [name, fresh]));
}

/** The warning about tensors that nothing uses. */
export function unexpectedWarning(unexpected: readonly string[], className: string, subject: string): string {
  return `${subject}: ignored ${unexpected.length} tensors that ${className} does not have: ${listed(unexpected)}.`;
}

/** How the model's graph finds its parameters. */
export function finderOf({ parameters }: Pick<ModelWeights, "parameters">): FindParameter {
  return (name) => parameters.get(name)!;
}

/** Every parameter, in memory of its own. */
export async function readParameters({
  parameters,
}: Pick<ModelWeights, "parameters">): Promise<Map<string, Tensor>> {
  const entries = [...parameters].map(async ([name, stored]): Promise<[string, Tensor]> => [
    name,
    await readTensor(stored),
  ]);
  return new Map(await Promise.all(entries));
}

/** Every parameter and buffer, in memory of its own: what a checkpoint holds. */
export async function readWeights(
  weights: Pick<ModelWeights, "parameters" | "buffers">,
): Promise<Map<string, Tensor>> {
  const buffers = [...weights.buffers].map(([name, tensor]) => [name, copyOf(tensor)] as const);
  return new Map([...(await readParameters(weights)), ...buffers]);
}

/** A tensor that is the caller's to change. */
const copyOf = ({ dtype, shape, data }: Tensor): Tensor => Tensor.from(data.slice(), shape, dtype);

/** The files in which a model's parameters lie, by their real paths; none for weights in memory. */
export function filesOf({
  parameters,
  likelihood,
}: Pick<ModelWeights, "parameters" | "likelihood">): string[] {
  const stored = [...parameters.values(), ...(likelihood?.parameters.values() ?? [])];
  return [...new Set(stored.flatMap(({ source }) => source.path ?? []))];
}

/** The number of scalars in a model's parameters. */
export function countParameters({ parameters }: Pick<ModelWeights, "parameters">): number {
  return [...parameters.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** Old checkpoints keep attention weights as 1x1 convolutions: the same numbers with trailing ones. */
function fits(found: Shape, expected: Shape): boolean {
  const trimmed = found.slice(0, expected.length);
  return sameShape(trimmed, expected) && found.slice(expected.length).every((size) => size === 1);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, maxListed).map(shownName).join(", ");
  return names.length > maxListed ? `${shown} and ${names.length - maxListed} more` : shown;
}
