/** Where ONNX Runtime finds the weights: in their files, which it maps, or in buffers that we read for it. */
import { basename, dirname } from "node:path";
import type { Placement } from "../../onnx/index.ts";
import type { Graph } from "../../graph/index.ts";
import type { StoredTensor } from "../../tensor/stored-tensor.ts";

/** What a session needs to find its weights. */
export interface PlacedWeights {
  readonly place: (stored: StoredTensor) => Placement;
  /** The folder of the mapped files. */
  readonly folder: string | undefined;
  /** Weights that lie in no file of that folder. */
  readonly buffers: readonly { path: string; data: Uint8Array }[];
}

/**
 * ONNX Runtime maps external files of one folder only, so the folder of the first file is chosen; weights
 * from elsewhere (another folder, memory) are read into buffers.
 */
export async function placeWeights(graph: Graph): Promise<PlacedWeights> {
  const stored = graph.initializers.flatMap(({ data }) => ("stored" in data ? [data.stored] : []));
  const firstPath = stored.find(({ source }) => source.path !== undefined)?.source.path;
  const folder = firstPath === undefined ? undefined : dirname(firstPath);
  const isMapped = ({ source }: StoredTensor): boolean =>
    source.path !== undefined && dirname(source.path) === folder;

  const buffers = await Promise.all(
    stored
      .filter((each) => !isMapped(each))
      .map(async ({ name, source, byteOffset, byteLength }) => ({
        path: name,
        data: await source.read(byteOffset, byteLength),
      })),
  );
  const place = (each: StoredTensor): Placement => ({
    location: isMapped(each) ? basename(each.source.path!) : each.name,
    byteOffset: isMapped(each) ? each.byteOffset : 0,
    byteLength: each.byteLength,
  });
  return { place, folder, buffers };
}
