/** Where ONNX Runtime finds the weights: in their files, which it maps, or in buffers that we read for it. */
import { basename, dirname } from "node:path";
import type { Placement } from "../../onnx/index.ts";
import type { Graph } from "../../graph/index.ts";
import type { ByteSource } from "../../tensor/byte-source.ts";
import type { StoredTensor } from "../../tensor/stored-tensor.ts";

/** What a session needs to find its weights. */
export interface PlacedWeights {
  readonly place: (stored: StoredTensor) => Placement;
  /** The folder of the mapped files; undefined when all weights are in buffers. */
  readonly folder: string | undefined;
  /** The mapped files. */
  readonly mapped: readonly ByteSource[];
  /** The weights that are not mapped: all of them or none. */
  readonly buffers: readonly { path: string; data: Uint8Array }[];
}

/**
 * ONNX Runtime maps external files of one folder only, and as soon as it is given one buffer it looks for every
 * weight among the buffers. So the weights are mapped where all of them lie in one folder, and read into buffers
 * otherwise.
 *
 * @param mayMap asked where they could be mapped
 */
export async function placeWeights(graph: Graph, mayMap: () => Promise<boolean>): Promise<PlacedWeights> {
  const stored = graph.initializers.flatMap(({ data }) => ("stored" in data ? [data.stored] : []));
  const common = commonFolder(stored);
  const folder = common !== undefined && (await mayMap()) ? common : undefined;
  if (folder !== undefined) {
    const mapped = [...new Set(stored.map(({ source }) => source))];
    checkUnchanged(mapped);
    return { place: inFile, folder, mapped, buffers: [] };
  }
  const buffers = await Promise.all(
    stored.map(async ({ name, source, byteOffset, byteLength }) => ({
      path: name,
      data: await source.read(byteOffset, byteLength),
    })),
  );
  return { place: inBuffer, folder, mapped: [], buffers };
}

/**
 * Mapped files are memory: one that became shorter ends the process at the first touch of what is missing, and one that
 * was written over computes with other weights.
 *
 * @throws INVALID_FILE, NOT_FOUND, IO when one is not what it was.
 */
export function checkUnchanged(mapped: readonly ByteSource[]): void {
  for (const source of mapped) source.checkUnchanged?.();
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
