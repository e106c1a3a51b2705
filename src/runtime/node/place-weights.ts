/** Where ONNX Runtime finds the weights: in their files, which it maps, or in buffers that we read for it. */
import { basename, dirname } from "node:path";
import type { Placement } from "../../onnx/index.ts";
import type { Graph } from "../../graph/index.ts";
import type { StoredTensor } from "../../tensor/stored-tensor.ts";

/** What a session needs to find its weights. */
export interface PlacedWeights {
  readonly place: (stored: StoredTensor) => Placement;
  /** The folder of the mapped files; undefined when all weights are in buffers. */
  readonly folder: string | undefined;
  /** The weights that are not mapped: all of them or none. */
  readonly buffers: readonly { path: string; data: Uint8Array }[];
}

/**
 * ONNX Runtime maps external files of one folder only, and as soon as it is given one buffer it looks for every
 * weight among the buffers. So the weights are mapped where all of them lie in one folder, and read into buffers
 * otherwise.
 */
export async function placeWeights(graph: Graph): Promise<PlacedWeights> {
  const stored = graph.initializers.flatMap(({ data }) => ("stored" in data ? [data.stored] : []));
  const sources = new Set(stored.map(({ source }) => source));
  for (const source of sources) await source.checkUnchanged?.();
  const folder = commonFolder(stored);
  if (folder !== undefined) return { place: inFile, folder, buffers: [] };
  const buffers = await Promise.all(
    stored.map(async ({ name, source, byteOffset, byteLength }) => ({
      path: name,
      data: await source.read(byteOffset, byteLength),
    })),
  );
  return { place: inBuffer, folder, buffers };
}

/** The folder in which every weight's file lies; undefined when there is none such. */
function commonFolder(stored: readonly StoredTensor[]): string | undefined {
  const folders = new Set(stored.map(({ source }) => source.path && dirname(source.path)));
  return folders.size === 1 ? [...folders][0] : undefined;
}

const inFile = ({ source, byteOffset, byteLength }: StoredTensor): Placement => ({
  location: basename(source.path!),
  byteOffset,
  byteLength,
});

const inBuffer = ({ name, byteLength }: StoredTensor): Placement => ({
  location: name,
  byteOffset: 0,
  byteLength,
});
