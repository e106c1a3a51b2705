/** The header Range of one request: which bytes of a file are asked for. */

export interface ByteRange {
  /** The first byte. */
  readonly start: number;
  /** The byte after the last. */
  readonly end: number;
}

/**
 * @param header the value of Range, if there is one.
 * @param size of the file, in bytes.
 * @returns undefined for the whole file: without the header, and with one of several parts or of another unit, which a server may
 *   ignore (RFC 9110, 14.2); "unsatisfiable" for bytes that the file does not have.
 */
export function byteRangeOf(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  // `-5` asks for the last five bytes.
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < start) return undefined;
  return start < end ? { start, end } : "unsatisfiable";
}
