/** Which tensors of a checkpoint fit its config and which do not: all of them, where an error names three. */
import { placeOf } from "../hub/node/model-place.ts";
import { formatShape, sameShape, type Shape } from "../tensor/shape.ts";
import { bufferShapes, neededBuffers } from "../vae/model-weights.ts";
import type { LoadedModel } from "../vae/opened.ts";
import { loadFile, loadFolder } from "./load-model.ts";
import { locateFolder } from "./locate.ts";
import { checkOpenVaeOptions, type OpenVaeOptions } from "./opening-options.ts";

/** What is wrong with a checkpoint. */
export interface WeightsComparison {
  /** Tensors of the model that the checkpoint does not have. */
  readonly missing: readonly string[];
  /** Tensors of the checkpoint that the model does not have. */
  readonly unexpected: readonly string[];
  /** Tensors of another shape, in words. */
  readonly wrongShape: readonly string[];
}

/**
 * Compares a checkpoint on this disk with its config: what `openVae` refuses with WEIGHTS_MISMATCH.
 *
 * @param source a folder or a single file.
 * @param options as those of `openVae`.
 * @returns undefined where there is nothing to compare: a hub id, or a file whose config is unknown.
 * @throws as `openVae`, but for WEIGHTS_MISMATCH.
 */
export async function compareWeights(
  source: string,
  options: Pick<OpenVaeOptions, "as" | "config" | "subfolder" | "variant"> = {},
): Promise<WeightsComparison | undefined> {
  checkOpenVaeOptions(options);
  const place = await placeOf(source);
  if (place === "hub") return undefined;
  const { as, config, variant, subfolder } = options;
  if (place === "folder") {
    const folder = await locateFolder(source, place, { subfolder }, "compareWeights");
    const { loaded } = await loadFolder(source, folder, { variant });
    return compare(loaded);
  }
  const found = await loadFile(source, { as, config }).catch(() => undefined);
  if (found === undefined) return undefined;
  const { loaded } = found;
  return compare(loaded);
}

function compare({ model, config, tensors }: LoadedModel): WeightsComparison {
  const parameters = model.parameterShapes(config);
  const buffers = bufferShapes(model, config);
  const needed = [...parameters.keys(), ...neededBuffers(model, config)];
  const shapes = new Map([...parameters, ...buffers]);
  const wrongShape = [...shapes].flatMap(([name, expected]) => {
    const found = tensors.get(name)?.shape;
    if (found === undefined || sameShape(trimOnes(found, expected.length), expected)) return [];
    return [`${name}: expected ${formatShape(expected)}, found ${formatShape(found)}`];
  });
  return {
    missing: needed.filter((name) => !tensors.has(name)),
    unexpected: [...tensors.keys()].filter((name) => !shapes.has(name)),
    wrongShape,
  };
}

/** Old checkpoints keep attention weights as 1x1 convolutions. */
function trimOnes(shape: Shape, rank: number): Shape {
  return shape.slice(rank).every((size) => size === 1) ? shape.slice(0, rank) : shape;
}
