/** Half transparent pixels, with stand-ins for the browser's frames. */
import { afterEach, expect, test, vi } from "vitest";
import { exactSamples } from "./partial-alpha.ts";

const bitmap = {} as ImageBitmap;
const pixels = (...data: number[]) => ({ width: data.length / 4, height: 1, data: Uint8Array.from(data) });
/** What a canvas gives of 100, 50, 200 with an alpha of 128 and of an opaque grey: rounding. */
const ofCanvas = pixels(101, 50, 199, 128, 7, 7, 7, 255);
const exact = pixels(100, 50, 200, 128, 7, 7, 7, 255);
const closed: string[] = [];

function haveFrames(copied: Uint8Array | Error): void {
  const frame = {
    allocationSize: () => ofCanvas.data.length,
    copyTo: (target: Uint8Array) => {
      if (copied instanceof Error) return Promise.reject(copied);
      target.set(copied);
      return Promise.resolve();
    },
    close: () => closed.push("closed"),
  };
  vi.stubGlobal("VideoFrame", function VideoFrame() {
    return frame;
  });
}

afterEach(() => {
  vi.unstubAllGlobals();
  closed.length = 0;
});

test("they are a frame's, which is closed", async () => {
  haveFrames(exact.data);
  expect(await exactSamples(bitmap, ofCanvas)).toEqual(exact);
  expect(closed).toEqual(["closed"]);
});

test.each([
  ["gives another order of channels", pixels(200, 50, 100, 128, 7, 7, 7, 255).data],
  ["gives another alpha", pixels(100, 50, 200, 127, 7, 7, 7, 255).data],
  ["cannot be copied", new Error("no such format")],
])("they are the canvas's where a frame %s", async (_, copied) => {
  haveFrames(copied);
  expect(await exactSamples(bitmap, ofCanvas)).toBe(ofCanvas);
  expect(closed).toEqual(["closed"]);
});

test("they are the canvas's where there are no frames", async () => {
  vi.stubGlobal("VideoFrame", undefined);
  expect(await exactSamples(bitmap, ofCanvas)).toBe(ofCanvas);
});

test("a picture that has none is not read again", async () => {
  haveFrames(new Error("not asked"));
  const opaque = pixels(1, 2, 3, 255, 4, 5, 6, 0);
  expect(await exactSamples(bitmap, opaque)).toBe(opaque);
  expect(closed).toEqual([]);
});
