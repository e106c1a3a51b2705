/** Pictures in a browser. Node has none of its functions, so they are stood in for by the least that keeps pixels. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { webPictures, WebPicture } from "./pictures.ts";

const calls: string[] = [];
let hasContext = true;
let isReadable = true;

type Pixels = Uint8ClampedArray<ArrayBuffer>;

class StandInCanvas {
  readonly width: number;
  readonly height: number;
  #pixels = new Uint8ClampedArray(0);

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  getContext(kind: string): object | null {
    calls.push(`context ${kind}`);
    if (!hasContext) return null;
    return {
      canvas: this,
      drawImage: (bitmap: { pixels: Pixels }, x: number, y: number) => {
        calls.push(`draw ${x} ${y}`);
        this.#pixels = Uint8ClampedArray.from(bitmap.pixels);
      },
      getImageData: (x: number, y: number, width: number, height: number) => {
        calls.push(`read ${x} ${y} ${width} ${height}`);
        if (!isReadable) throw new Error("tainted");
        return { width, height, data: this.#pixels };
      },
      putImageData: ({ data }: { data: Pixels }, x: number, y: number) => {
        calls.push(`put ${x} ${y}`);
        this.#pixels = data;
      },
    };
  }

  convertToBlob({ type }: { type: string }): Promise<Blob> {
    return Promise.resolve(new Blob([this.#pixels], { type }));
  }
}

class StandInImageData {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;

  constructor(data: Uint8ClampedArray, width: number, height: number) {
    Object.assign(this, { data, width, height });
    this.data = data;
    this.width = width;
    this.height = height;
  }
}

beforeEach(() => {
  calls.length = 0;
  hasContext = true;
  isReadable = true;
  vi.stubGlobal("OffscreenCanvas", StandInCanvas);
  vi.stubGlobal("ImageData", StandInImageData);
  vi.stubGlobal("createImageBitmap", async (blob: Blob, options: object) => {
    calls.push(`bitmap ${JSON.stringify(options)}`);
    const bytes = new Uint8ClampedArray(await blob.arrayBuffer());
    if (bytes.length === 0) throw new Error("no picture");
    return { width: 2, height: 1, pixels: bytes, close: () => calls.push("close") };
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** A black pixel, and a black one that half shines through. */
const pixels = new Uint8Array([0, 0, 0, 255, 0, 0, 0, 128]);

describe("a picture file", () => {
  test.each([
    ["a Blob", new Blob([pixels])],
    ["bytes", pixels],
    ["an ArrayBuffer", pixels.slice().buffer],
    ["a part of bytes", new Uint8Array([9, ...pixels, 9]).subarray(1, 9)],
  ])("as %s is drawn upright, put over white, and freed", async (_, file) => {
    const raster = await webPictures.decode(file, "encodeImage");
    expect(raster).toMatchObject({ width: 2, height: 1, channels: 3 });
    expect([...raster.data]).toEqual([0, 0, 0, 127, 127, 127]);
    expect(calls).toEqual([
      'bitmap {"imageOrientation":"from-image","premultiplyAlpha":"none"}',
      "context 2d",
      "draw 0 0",
      "read 0 0 2 1",
      "close",
    ]);
  });

  test("is freed when its pixels cannot be read", async () => {
    isReadable = false;
    await expect(webPictures.decode(pixels, "encodeImage")).rejects.toThrow("tainted");
    expect(calls.at(-1)).toBe("close");
  });

  test("that the browser cannot read says how large it is, and one without a canvas what it could not have", async () => {
    await expect(webPictures.decode(new Uint8Array(0), "encodeImage")).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: "encodeImage: expected a picture that this browser reads, found 0 bytes of something else.",
      cause: expect.objectContaining({ message: "no picture" }) as Error,
    });
    hasContext = false;
    await expect(webPictures.decode(pixels, "encodeImage")).rejects.toMatchObject({
      code: "RUNTIME",
      message: "A canvas of 2x1 pixels could not be had.",
    });
    expect(calls.at(-1)).toBe("close");
  });

  test.each(["createImageBitmap", "OffscreenCanvas"])("is not read without %s", async (name) => {
    vi.stubGlobal(name, undefined);
    await expect(webPictures.decode(pixels, "encodeImage")).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringMatching(
        /^encodeImage: expected a raster or an ImageData: .* In Node, import vaekit\/node\.$/,
      ) as string,
    });
  });

  test("is no address", async () => {
    await expect(webPictures.decode("a.png", "encodeImage")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining('found "a.png". Of an address, fetch it') as string,
    });
  });
});

describe("a picture that a model made", () => {
  const picture = webPictures.picture({ width: 1, height: 1, channels: 3, data: new Uint8Array([1, 2, 3]) });

  test("is one for a canvas", () => {
    if (!(picture instanceof WebPicture)) return expect.unreachable("no picture of the browser's");
    expect(picture.toImageData()).toMatchObject({
      width: 1,
      height: 1,
      data: new Uint8ClampedArray([1, 2, 3, 255]),
    });
  });

  test("is encoded by the browser", async () => {
    expect([...(await picture.toPng())]).toEqual([1, 2, 3, 255]);
    expect(calls).toEqual(["context 2d", "put 0 0"]);
  });
});
