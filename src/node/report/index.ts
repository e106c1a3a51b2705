/**
 * Reports, in Node: what every platform has, and round trips that are measured.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { AutoencoderKL, readImage } from "vaekit";
 * import { measureRoundtrip, renderRoundtripReport, roundtripReportPicture } from "vaekit/report";
 *
 * const vae = await AutoencoderKL.default();
 * const pixels = vae.preprocess(await readImage("photo.jpg"), { size: 256 });
 * const [raster] = vae.postprocess(pixels); // as the model sees it
 * const result = await measureRoundtrip(vae, { name: "photo.jpg", pixels, raster: raster! });
 * console.log(`${result.numbers.psnr.toFixed(1)} dB`);
 * const pictures = [await roundtripReportPicture(vae, result)];
 * const { name: modelName, parameterCount } = vae;
 * await writeFile("report.html", renderRoundtripReport({ modelName, parameterCount, configSummary: [], pictures }));
 * await vae.dispose();
 * ```
 *
 * @module vaekit/report
 */
import "../supported-node.ts";
export * from "../../report/public.ts";
export {
  measureRoundtrip,
  roundtripReportPicture,
  type RoundtripInput,
  type RoundtripMeasures,
  type RoundtripOptions,
  type RoundtripResult,
} from "./roundtrip.ts";
