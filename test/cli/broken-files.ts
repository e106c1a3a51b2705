/** Broken files, each broken in one way. */
import { crc32, deflateSync } from "node:zlib";

type Entry = { dtype: string; shape: number[]; data_offsets: [number, number] };

/** A .safetensors file with any header, over `dataBytes` zeros. */
export function safetensors(header: Record<string, Entry>, dataBytes: number, headerLength?: number): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerLength ?? json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

const latents = { dtype: "F32", shape: [1, 4, 2, 2], data_offsets: [0, 64] as [number, number] };

/** What is wrong → the file's bytes. */
export const brokenSafetensors: Readonly<Record<string, Buffer>> = {
  "a header longer than the file": safetensors({ latents }, 64, 1_000_000),
  "offsets out of range": safetensors({ latents: { ...latents, data_offsets: [64, 128] } }, 64),
  "overlapping tensors": safetensors({ latents, other: { ...latents, data_offsets: [32, 96] } }, 96),
  "a wrong dtype": safetensors({ latents: { ...latents, dtype: "F99" } }, 64),
  "a shape that does not match": safetensors({ latents: { ...latents, shape: [1, 4, 4, 4] } }, 64),
  "no bytes": Buffer.alloc(0),
};

/** A .safetensors file with one float32 tensor of zeros. */
export function latentsFile(shape: number[]): Buffer {
  const byteLength = 4 * shape.reduce((size, dimension) => size * dimension, 1);
  return safetensors({ latents: { dtype: "F32", shape, data_offsets: [0, byteLength] } }, byteLength);
}

/** A grey PNG file whose header promises a size that its few pixels do not fill. */
export function pngOfSize(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const pixels = deflateSync(Buffer.alloc(64));
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", pixels),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
