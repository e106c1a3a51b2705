/** Rasters and planes of numbers on canvases. */
import { toRgba, type Raster } from "vaekit";
import type { Palette } from "./palette.ts";

/** A picture, at its own size in pixels. */
export function drawRaster(canvas: HTMLCanvasElement, raster: Raster): void {
  const { width, height, data } = toRgba(raster);
  put(canvas, new ImageData(new Uint8ClampedArray(data), width, height));
}

/** A plane of numbers, each a pixel. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: ArrayLike<number>;
}

/** @param range the values that get the palette's first and last colour. */
export function drawPlane(
  canvas: HTMLCanvasElement,
  { width, height, values }: Plane,
  palette: Palette,
  [low, high]: readonly [number, number],
): void {
  const image = new ImageData(width, height);
  const scale = 255 / (high - low || 1);
  for (let i = 0; i < width * height; i++) {
    const index = 3 * Math.round(Math.min(Math.max((values[i]! - low) * scale, 0), 255));
    image.data.set([palette[index]!, palette[index + 1]!, palette[index + 2]!, 255], 4 * i);
  }
  put(canvas, image);
}

/** Setting a canvas's size clears it and is slow, so only where it changes. */
function put(canvas: HTMLCanvasElement, image: ImageData): void {
  if (canvas.width !== image.width || canvas.height !== image.height) {
    canvas.width = image.width;
    canvas.height = image.height;
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** One channel of latents [1, C, h, w]. */
export function channelPlane(
  latents: { shape: readonly number[]; data: Float32Array },
  channel: number,
): Plane {
  const [, , height = 0, width = 0] = latents.shape;
  const size = width * height;
  return { width, height, values: latents.data.subarray(channel * size, (channel + 1) * size) };
}

/** Canvases side by side, for saving. */
export function sideBySide(canvases: readonly HTMLCanvasElement[], side = 512, gap = 16): HTMLCanvasElement {
  const sheet = document.createElement("canvas");
  sheet.width = canvases.length * (side + gap) - gap;
  sheet.height = side;
  const context = sheet.getContext("2d")!;
  canvases.forEach((canvas, i) => {
    context.imageSmoothingEnabled = canvas.width >= side / 4;
    context.drawImage(canvas, i * (side + gap), 0, side, side);
  });
  return sheet;
}
