/** Where the bytes of stored tensors lie: a file, a blob, a buffer. The core reads it without knowing which. */

/** A random-access sequence of bytes that does not change while it is in use. */
export interface ByteSource {
  /** For messages: a path, a URL, or "memory". */
  readonly name: string;
  /** How many bytes there are. */
  readonly byteLength: number;
  /** The path of the file on disk, where it is one: native runtimes map it instead of reading it. */
  readonly path?: string;
  /**
   * Throws when the file at `path` is no longer the one that was opened, for those who map it. Not a promise: it is asked
   * before every computation, and calls keep their order.
   */
  checkUnchanged?(): void;
  /** Whether what `read` gives is the source's own memory, and not the caller's to change. @default no */
  readonly isShared?: boolean;
  /** Reads `length` bytes from `offset`; both lie inside the source, or it rejects. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Bytes that are in memory already. */
export function bytesInMemory(bytes: Uint8Array, name = "memory"): ByteSource {
  return {
    name,
    byteLength: bytes.byteLength,
    isShared: true,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}
