import { expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { contactSheet, differencePicture, latentPicture } from "./pictures.ts";
import { blankRaster } from "./raster.ts";

test("differencePicture amplifies and saturates", () => {
  const a = { width: 2, height: 1, channels: 1 as const, data: Uint8Array.from([10, 100]) };
  expect([...differencePicture(a, blankRaster(2, 1, 1, 12), 4).data]).toEqual([8, 255]);
});

test("contactSheet lays pictures in rows with gaps of the background", () => {
  const cells = [1, 2, 3].map((value) => blankRaster(1, 1, 1, value));
  const sheet = contactSheet(cells, { columns: 2, gapPixels: 1, background: 9 });
  expect([...sheet.data]).toEqual([1, 9, 2, 9, 9, 9, 3, 9, 9]);
});

test("latentPicture draws zero white, negative blue, positive red, and grey by each channel's range", () => {
  const latents = Tensor.from(Float32Array.from([0, -2, 2]), [1, 1, 1, 3]);
  expect([...latentPicture(latents).data]).toEqual([255, 255, 255, 33, 102, 172, 178, 24, 43]);
  expect([...latentPicture(latents, { palette: "grey" }).data]).toEqual([128, 0, 255]);
  expect(latentPicture(Tensor.zeros([1, 4, 3, 3]), { pixelsPerLatent: 2 })).toMatchObject({ width: 14 });
});
