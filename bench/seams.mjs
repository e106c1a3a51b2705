/**
 * Draws docs/images/seams.png: a smooth gradient with one bright corner, decoded by the built-in model untiled, in exact
 * strips and in diffusers' tiles, and how far each is from the untiled result. Prints the same as numbers.
 *
 *     npm run build && node bench/seams.mjs [output.png] [side]
 */
import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { seamPicture } from "../tools/seam-picture.mjs";
import { built } from "./inference/typed.mjs";

/** @typedef {import("../src/node/index.ts").Tensor<"float32">} Planes */
/** @typedef {import("../src/node/index.ts").Raster} Raster */

/** @type {typeof import("../src/node/index.ts")} */
const { AutoencoderKL, Tensor, VaeImageProcessor, contactSheet, encodePng, resizeRaster } =
  await built("node/index.js");

const output = process.argv[2] ?? fileURLToPath(new URL("../docs/images/seams.png", import.meta.url));
const side = Number(process.argv[3] ?? 1024);
/** Pixels of a picture in the figure, of the gaps between them, and of the line with labels above each row. */
const [cell, gap, labelHeight] = [240, 8, 28];
/** What differences are multiplied with. */
const gain = 10;
/** 8-bit levels from -1 to 1. */
const levels = 127.5;

/** @type {(planes: Planes) => Raster} */
const pictureOf = (planes) =>
  resizeRaster(/** @type {Raster} */ (new VaeImageProcessor().postprocess(planes)[0]), cell, cell);

/** @type {(a: Planes, b: Planes) => Raster} a - b with its sign: mid-grey where they agree. */
const differenceOf = (a, b) =>
  pictureOf(
    Tensor.from(
      a.data.map((value, i) => (value - /** @type {number} */ (b.data[i])) * gain),
      a.shape,
    ),
  );

/** @type {(a: Planes, b: Planes) => string} */
function inLevels(a, b) {
  const differences = a.data.map((value, i) => Math.abs(value - /** @type {number} */ (b.data[i])) * levels);
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  const largest = differences.reduce((most, value) => Math.max(most, value), 0);
  return `mean ${mean.toPrecision(3)}, largest ${largest.toPrecision(3)} levels of 255`;
}

/** @type {(rows: readonly (readonly { label: string, picture: Raster }[])[]) => Promise<Raster>} */
async function withLabels(rows) {
  const columns = Math.max(...rows.map((row) => row.length));
  const [width, height] = [columns * (cell + gap) - gap, rows.length * (cell + labelHeight)];
  const text = rows.flatMap((row, i) =>
    row.map(({ label }, j) => {
      const [x, y] = [j * (cell + gap) + cell / 2, i * (cell + labelHeight) + 19];
      return `<text x="${x}" y="${y}" text-anchor="middle">${label}</text>`;
    }),
  );
  const style = `font-family="DejaVu Sans, Arial, sans-serif" font-size="15" fill="#222"`;
  const labels = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ${style}>${text.join("")}</svg>`;
  const pictures = rows.map((row, i) => {
    const { data, width, height, channels } = contactSheet(
      row.map(({ picture }) => picture),
      { gapPixels: gap },
    );
    const raw = { width, height, channels };
    return { input: Buffer.from(data), raw, left: 0, top: i * (cell + labelHeight) + labelHeight };
  });
  const create = { width, height, channels: /** @type {const} */ (3), background: "white" };
  const { data, info } = await sharp({ create })
    .composite([...pictures, { input: Buffer.from(labels), left: 0, top: 0 }])
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, data };
}

/** @returns {Raster} The greys of the differences, from the lowest on the left to the highest on the right. */
function scale() {
  const data = Uint8Array.from({ length: cell * cell }, (_, i) =>
    Math.round(((i % cell) / (cell - 1)) * 255),
  );
  return { width: cell, height: cell, channels: 1, data };
}

const model = await AutoencoderKL.default({ device: "cpu" });
/** @type {Planes} */
const original = Tensor.from(seamPicture(side, side), [1, 3, side, side]);
/** @type {(tiling: "off" | "exact" | "diffusers") => Promise<Planes>} */
const encode = async (tiling) => (await model.encode(original, { tiling })).latentDist.mode();
/** @type {(latents: Planes, tiling: "off" | "exact" | "diffusers") => Promise<Planes>} */
const decode = async (latents, tiling) => (await model.decode(latents, { tiling })).sample.toFloat32();

const latents = await encode("off");
const untiled = await decode(latents, "off");
const exact = await decode(latents, "exact");
const tiled = await decode(latents, "diffusers");
const tiledTwice = await decode(await encode("diffusers"), "diffusers");

await model.dispose();

const sheet = await withLabels([
  [
    { label: "original", picture: pictureOf(original) },
    { label: "untiled", picture: pictureOf(untiled) },
    { label: "exact", picture: pictureOf(exact) },
    { label: "diffusers’ tiles: decode", picture: pictureOf(tiled) },
    { label: "… encode and decode", picture: pictureOf(tiledTwice) },
  ],
  [
    { label: `−${levels / gain} … +${levels / gain} levels`, picture: scale() },
    { label: "untiled − original", picture: differenceOf(untiled, original) },
    { label: "exact − untiled", picture: differenceOf(exact, untiled) },
    { label: "tiles − untiled", picture: differenceOf(tiled, untiled) },
    { label: "tiles − untiled", picture: differenceOf(tiledTwice, untiled) },
  ],
]);
writeFileSync(output, await encodePng(sheet));

process.stdout
  .write(`${side}x${side}, tiles of ${model.config.sampleSize}; differences from the untiled result:
exact: ${inLevels(exact, untiled)}
diffusers' tiles, decode: ${inLevels(tiled, untiled)}
diffusers' tiles, encode and decode: ${inLevels(tiledTwice, untiled)}
(untiled from the original: ${inLevels(untiled, original)})
${output}: ${sheet.width} x ${sheet.height}
`);
