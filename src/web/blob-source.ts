/** Blobs and files that a user chose, as byte sources: the browser holds their bytes, on the disk perhaps, and not in the heap. */
import { messageOf, VaekitError } from "../errors.ts";
import type { ByteSource } from "../tensor/byte-source.ts";

/** Bytes in a Blob. */
export interface BlobSource extends ByteSource {
  /** The bytes themselves; to post it to a worker copies none of them. */
  readonly blob: Blob;
}

/** @param name for messages: an address, or a file's name. */
export function blobSource(blob: Blob, name: string): BlobSource {
  return {
    name,
    blob,
    byteLength: blob.size,
    read: async (offset, length) => new Uint8Array(await bytesOf(blob.slice(offset, offset + length), name)),
  };
}

/** @throws IO when the file of the Blob is gone or was changed. */
function bytesOf(part: Blob, name: string): Promise<ArrayBuffer> {
  return part.arrayBuffer().catch((error: unknown) => {
    const message = `${name}: cannot be read any more (${messageOf(error)}). Was the file changed or removed? Choose it again.`;
    throw new VaekitError("IO", message, { cause: error });
  });
}
