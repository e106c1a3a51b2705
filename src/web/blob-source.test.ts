import { expect, test } from "vitest";
import { bytesInMemory } from "../tensor/byte-source.ts";
import { blobSource } from "./blob-source.ts";

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const blob = new Blob([bytes.subarray(0, 300), bytes.subarray(300)]);

test("bytes of a Blob are those in memory, range by range", async () => {
  const source = blobSource(blob, "a.safetensors");
  const expected = bytesInMemory(bytes);
  expect([source.name, source.byteLength, source.blob]).toEqual(["a.safetensors", 1000, blob]);
  for (const [offset, length] of [
    [0, 1000],
    [298, 5],
    [999, 1],
    [1000, 0],
  ] as const) {
    expect(await source.read(offset, length)).toEqual(new Uint8Array(await expected.read(offset, length)));
  }
});

test("what is read is the caller's own", async () => {
  const source = blobSource(blob, "a.safetensors");
  (await source.read(0, 10)).fill(9);
  expect(await source.read(0, 10)).toEqual(bytes.slice(0, 10));
});

test("a file that was changed after it was chosen says so", async () => {
  class Changed extends Blob {
    override slice(): Blob {
      return this;
    }
    override arrayBuffer(): Promise<ArrayBuffer> {
      return Promise.reject(new DOMException("The file could not be read.", "NotReadableError"));
    }
  }
  await expect(blobSource(new Changed(), "vae.safetensors").read(0, 4)).rejects.toMatchObject({
    code: "IO",
    message:
      "vae.safetensors: cannot be read any more (The file could not be read.). Was the file changed or removed? Choose it again.",
  });
});
