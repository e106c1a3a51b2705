/** The messages between a data set and the thread that reads its pictures. */
import type { Augmentation } from "../augment.ts";

/** How a picture file becomes samples. */
export interface DecodeSettings {
  /** The short side in pixels after resizing; null: as it is, enlarged only when below `resolution`. */
  shortSide: number | null;
  /** The least short side; 0: any. */
  resolution: number;
  channels: 1 | 3;
  /** Pictures with more pixels are refused before they are decoded. */
  maxPixels: number;
}

/** A decoded picture: 8-bit samples, channels interleaved. */
export interface DecodedPicture {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array;
}

/** What the thread knows from its start. */
export interface PictureWorkerData {
  files: readonly string[];
  decode: DecodeSettings;
  range: "signed" | "unit";
  cacheBytes: number;
  /** Pictures decoded at once. */
  decoders: number;
}

export interface WantedExample extends Augmentation {
  /** The position in `files`. */
  example: number;
}

export interface SkippedFile {
  path: string;
  reason: string;
}

export type PictureRequest =
  { kind: "batch"; id: number; examples: readonly WantedExample[] } | { kind: "close" };

export type PictureResponse = {
  id: number;
  /** Files found unreadable since the last response. */
  skipped: readonly SkippedFile[];
} & ({ data: Float32Array<ArrayBuffer> } | { error: string } | { noneReadable: string });
