/**
 * Stored weights on their way into a session: for each tensor a file of its own, which is dropped once the session is made.
 * So of a file of weights nothing is read but what a graph uses, and nothing stays in JavaScript's memory.
 */
import type { Graph } from "../../graph/index.ts";
import type { Placement } from "../../onnx/index.ts";
import type { ByteSource } from "../../tensor/byte-source.ts";
import type { StoredTensor } from "../../tensor/stored-tensor.ts";

/** A file beside a model, under the name by which the model refers to it. */
interface WeightFile {
  readonly path: string;
  readonly data: Uint8Array | Blob;
}

/** What a model's weights become for one session. */
export interface PlacedWeights {
  readonly place: (stored: StoredTensor) => Placement;
  readonly files: readonly WeightFile[];
}

/**
 * @param readsBlobs whether the build of onnxruntime-web reads a Blob range by range, by itself.
 * @throws IO when weights cannot be read.
 */
export async function placeWeights(graph: Graph, readsBlobs: boolean): Promise<PlacedWeights> {
  const placer = new Placer(readsBlobs);
  for (const { data } of graph.initializers) if ("stored" in data) await placer.add(data.stored);
  return placer;
}

class Placer implements PlacedWeights {
  readonly #readsBlobs: boolean;
  readonly #placements = new Map<StoredTensor, Placement>();
  readonly #blobs = new Map<Blob, string>();
  readonly files: WeightFile[] = [];

  constructor(readsBlobs: boolean) {
    this.#readsBlobs = readsBlobs;
  }

  readonly place = (stored: StoredTensor): Placement => this.#placements.get(stored)!;

  async add(stored: StoredTensor): Promise<void> {
    if (this.#placements.has(stored)) return;
    const { source, byteOffset, byteLength } = stored;
    const placement =
      this.#readsBlobs && hasBlob(source)
        ? { location: this.#locationOf(source.blob), byteOffset, byteLength }
        : { location: this.#newFile(await source.read(byteOffset, byteLength)), byteOffset: 0, byteLength };
    this.#placements.set(stored, placement);
  }

  #locationOf(blob: Blob): string {
    const location = this.#blobs.get(blob) ?? this.#newFile(blob);
    this.#blobs.set(blob, location);
    return location;
  }

  #newFile(data: Uint8Array | Blob): string {
    const path = `weights-${this.files.length}`;
    this.files.push({ path, data });
    return path;
  }
}

/** A source whose bytes are a Blob, as src/web/blob-source.ts makes them. */
const hasBlob = (source: ByteSource): source is ByteSource & { readonly blob: Blob } =>
  "blob" in source && source.blob instanceof Blob;
