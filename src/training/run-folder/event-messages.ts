/**
 * The messages of TensorBoard's event.proto and summary.proto that we write, field by field.
 *
 * @see https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { VaekitError } from "../../errors.ts";
import { maskedCrc32c } from "./crc32c.ts";

/** SessionLog.SessionStatus: the run (re)starts at this step, and points from it on are of a former attempt. */
const sessionStart = 1;

/** What one event says. */
export type EventContent =
  | { readonly fileVersion: string }
  | { readonly sessionStart: true }
  | { readonly summary: readonly SummaryValue[] };

/** A point of a curve, or a picture. */
export type SummaryValue =
  { readonly tag: string; readonly scalar: number } | { readonly tag: string; readonly png: Uint8Array };

/** The bytes of an Event. */
export function eventMessage(wallTimeSeconds: number, step: number, content: EventContent): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Bit64).double(wallTimeSeconds);
  writer.tag(2, WireType.Varint).int64(step);
  if ("fileVersion" in content) {
    writer.tag(3, WireType.LengthDelimited).string(content.fileVersion);
  } else if ("sessionStart" in content) {
    writer.tag(7, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(sessionStart).join();
  } else {
    writer.tag(5, WireType.LengthDelimited).fork();
    for (const value of content.summary) writer.tag(1, WireType.LengthDelimited).bytes(summaryValue(value));
    writer.join();
  }
  return writer.finish();
}

function summaryValue(value: SummaryValue): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).string(value.tag);
  if ("scalar" in value) return writer.tag(2, WireType.Bit32).float(toFloat32(value.scalar)).finish();
  return writer.tag(4, WireType.LengthDelimited).bytes(imageMessage(value.png)).finish();
}

/** The wire writer refuses what float32 cannot hold; rounding makes an infinity of it, which charts show as such. */
function toFloat32(value: number): number {
  return Math.fround(value);
}

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Summary.Image: its colour space counts channels. */
function imageMessage(png: Uint8Array): Uint8Array {
  if (png.byteLength < 26 || pngSignature.some((byte, i) => png[i] !== byte)) {
    throw new VaekitError("INVALID_ARGUMENT", "EventFileWriter.image: expected the bytes of a PNG file.");
  }
  // The first chunk of a PNG is IHDR: width, height, bit depth, colour type.
  const header = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const channelsOfColorType: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };
  return new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(header.getInt32(20))
    .tag(2, WireType.Varint)
    .int32(header.getInt32(16))
    .tag(3, WireType.Varint)
    .int32(channelsOfColorType[png[25]!] ?? 3)
    .tag(4, WireType.LengthDelimited)
    .bytes(png)
    .finish();
}

/** A TFRecord: length, checksum of the length, data, checksum of the data. */
export function frameRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(8 + 4 + data.byteLength + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.byteLength), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.byteLength, maskedCrc32c(data), true);
  return record;
}
