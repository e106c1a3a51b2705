/** A checkpoint matched with the model: every parameter found, of the right shape, and what was left over. */
import { VaekitError } from "../errors.ts";
import type { FindParameter, VaeModel } from "../models/index.ts";
import { formatShape, sameShape, sizeOf, type Shape } from "../tensor/shape.ts";
import type { FoundTensor, StoredTensor } from "../tensor/stored-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { floatTensor, readTensor } from "../weights/index.ts";
import { shownName } from "../util/printable.ts";

/** How many names a message lists before it counts the rest. */
const maxListed = 3;

export interface ModelWeights {
  /** Name → where it lies; exactly the model's parameters, in the model's order. */
  readonly parameters: ReadonlyMap<string, StoredTensor>;
  /** Names in the checkpoint that the model does not have. */
  readonly unexpected: readonly string[];
}

/**
 * Matches a checkpoint with a model's config.
 *
 * @param subject what to call the checkpoint in messages.
 * @throws WEIGHTS_MISMATCH when a parameter is missing or has another shape; INVALID_FILE when it is of a dtype that no
 *   weight has. What the model does not need may have any dtype.
 */
export function matchWeights<Config extends object>(
  model: VaeModel<Config>,
  config: Config,
  tensors: ReadonlyMap<string, FoundTensor>,
  subject: string,
): ModelWeights {
  return matchShapes(model.parameterShapes(config), tensors, subject);
}

/** The same for any list of parameters. */
export function matchShapes(
  shapes: ReadonlyMap<string, Shape>,
  tensors: ReadonlyMap<string, FoundTensor>,
  subject: string,
): ModelWeights {
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
    if (!fits(stored.shape, shape)) {
      throw new VaekitError(
        "WEIGHTS_MISMATCH",
        `${subject}: expected ${name} to be ${formatShape(shape)}, found ${formatShape(stored.shape)}. ` +
          "Check that the config belongs to these weights.",
      );
    }
    parameters.set(name, stored);
  }
  return { parameters, unexpected: [...tensors.keys()].filter((name) => !shapes.has(name)) };
}

/** The warning about tensors that nothing uses. */
export function unexpectedWarning(unexpected: readonly string[], className: string, subject: string): string {
  return `${subject}: ignored ${unexpected.length} tensors that ${className} does not have: ${listed(unexpected)}.`;
}

/** How the model's graph finds its parameters. */
export function finderOf({ parameters }: ModelWeights): FindParameter {
  return (name) => parameters.get(name)!;
}

/** Every parameter, in memory of its own. */
export async function readWeights({ parameters }: ModelWeights): Promise<Map<string, Tensor>> {
  const entries = [...parameters].map(async ([name, stored]): Promise<[string, Tensor]> => [
    name,
    await readTensor(stored),
  ]);
  return new Map(await Promise.all(entries));
}

/** The files in which a model's parameters lie, by their real paths; none for weights in memory. */
export function filesOf({ parameters }: ModelWeights): string[] {
  return [...new Set([...parameters.values()].flatMap(({ source }) => source.path ?? []))];
}

/** The number of scalars in a model's parameters. */
export function countParameters({ parameters }: ModelWeights): number {
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
