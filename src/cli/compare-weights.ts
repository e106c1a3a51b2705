/** Which tensors of a checkpoint fit a model and which do not; all of them, where an error names three. */
import { stat } from "node:fs/promises";
import { sameShape, formatShape } from "../tensor/shape.ts";
import type { FoundTensor, Shape } from "../node/index.ts";
import { loadFile, loadFolder } from "../node/load-model.ts";
import type { ModelOptions } from "./options.ts";

/** What is wrong with a checkpoint. */
export interface Mismatch {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  /** Tensors of another shape, in words. */
  readonly wrongShape: readonly string[];
}

/**
 * Compares a local checkpoint with its config.
 *
 * @returns undefined where there is nothing to compare: a hub id, or a file whose config is unknown.
 */
export async function compareWeights(options: ModelOptions): Promise<Mismatch | undefined> {
  const { model, as, config } = options;
  const info = model === undefined ? undefined : await stat(model).catch(() => undefined);
  if (model === undefined || info === undefined) return undefined;
  const { subfolder, variant } = options;
  try {
    const { loaded } = info.isDirectory()
      ? await loadFolder(model, { folder: model, subfolder }, { variant })
      : await loadFile(model, { as, config });
    return compare(loaded.model.parameterShapes(loaded.config), loaded.tensors);
  } catch {
    return undefined;
  }
}

function compare(shapes: ReadonlyMap<string, Shape>, tensors: ReadonlyMap<string, FoundTensor>): Mismatch {
  const wrongShape = [...shapes].flatMap(([name, expected]) => {
    const found = tensors.get(name)?.shape;
    if (found === undefined || sameShape(trimOnes(found, expected.length), expected)) return [];
    return [`${name}: expected ${formatShape(expected)}, found ${formatShape(found)}`];
  });
  return {
    missing: [...shapes.keys()].filter((name) => !tensors.has(name)),
    unexpected: [...tensors.keys()].filter((name) => !shapes.has(name)),
    wrongShape,
  };
}

/** Old checkpoints keep attention weights as 1x1 convolutions. */
function trimOnes(shape: Shape, rank: number): Shape {
  return shape.slice(rank).every((size) => size === 1) ? shape.slice(0, rank) : shape;
}
