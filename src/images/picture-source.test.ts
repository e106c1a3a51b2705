import { expect, test } from "vitest";
import { Picture } from "./picture.ts";
import { noPictureFiles, readPicture, type PictureCodec } from "./picture-source.ts";

const rgba = Uint8ClampedArray.of(10, 20, 30, 255, 10, 20, 30, 0, 200, 0, 100, 51);
const read = (source: unknown, codec = noPictureFiles) => readPicture(source as never, codec, "encodeImage");

test("an ImageData is laid over white, with the rounding of an opaque blend", async () => {
  expect(await read({ width: 3, height: 1, data: rgba })).toEqual({
    width: 3,
    height: 1,
    channels: 3,
    data: Uint8Array.of(10, 20, 30, 255, 255, 255, 244, 204, 224),
  });
});

test("a raster is taken as it is, and one whose data does not fill it is refused", async () => {
  const raster = { width: 1, height: 4, channels: 1, data: Uint8Array.of(1, 2, 3, 4) };
  expect(await read(raster)).toBe(raster);
  await expect(read({ ...raster, height: 3 })).rejects.toThrow(
    "encodeImage: expected 3 bytes for 1x3 grey, found 4.",
  );
  await expect(read({ width: 2, height: 2, data: rgba })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("a path, bytes and a Blob are for the platform", async () => {
  const asked: unknown[] = [];
  const codec: PictureCodec = {
    ...noPictureFiles,
    decode: (file) => {
      asked.push(file);
      return Promise.resolve({ width: 1, height: 1, channels: 1, data: Uint8Array.of(0) });
    },
  };
  const files = ["a.png", new Uint8Array(3), new ArrayBuffer(3), new Blob(["a"])];
  for (const file of files) await read(file, codec);
  expect(asked).toEqual(files);
  for (const file of files) await expect(read(file)).rejects.toMatchObject({ code: "UNSUPPORTED" });
});

test.each([[undefined], [null], [5], [{}], [[]], [new Map()], [new Float32Array(4)]])(
  "%j is no picture",
  async (source) => {
    await expect(read(source)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(
        /^encodeImage: expected a picture: a file's path or bytes, a Blob, /,
      ) as string,
    });
  },
);

test("a picture gives its samples as RGBA, grey ones three times", () => {
  const grey = noPictureFiles.picture({ width: 2, height: 1, channels: 1, data: Uint8Array.of(3, 4) });
  expect(grey).toBeInstanceOf(Picture);
  expect([...grey.toRgba()]).toEqual([3, 3, 3, 255, 4, 4, 4, 255]);
  const rgb = noPictureFiles.picture({ width: 1, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3) });
  expect([...rgb.toRgba()]).toEqual([1, 2, 3, 255]);
});
