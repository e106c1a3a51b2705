/** The numbers of round trips, as a table for people and as JSON for programs. */
import type { Vae } from "../node/index.ts";
import {
  formatBytes,
  formatCount,
  formatFixed,
  formatMs,
  formatTable,
  meanOf,
  type Column,
} from "./format.ts";
import { oneLine } from "../node/report/index.ts";
import { modelLabel } from "./model-label.ts";
import type { RoundtripMeasures } from "../node/report/index.ts";

type Row = Omit<RoundtripMeasures, "width" | "height"> & { readonly size: string };

const columns: readonly Column<Row>[] = [
  { title: "picture", align: "left", cell: ({ name }) => name },
  { title: "size", cell: ({ size }) => size },
  { title: "PSNR dB", cell: ({ psnr }) => formatFixed(psnr, 2) },
  { title: "SSIM", cell: ({ ssim }) => formatFixed(ssim, 4) },
  { title: "latent mean", cell: ({ latents }) => formatFixed(latents.mean, 3) },
  { title: "std", cell: ({ latents }) => formatFixed(latents.std, 3) },
  { title: "min", cell: ({ latents }) => formatFixed(latents.min, 2) },
  { title: "max", cell: ({ latents }) => formatFixed(latents.max, 2) },
  { title: "encode", cell: ({ encodeMs }) => formatMs(encodeMs) },
  { title: "decode", cell: ({ decodeMs }) => formatMs(decodeMs) },
  { title: "peak memory", cell: ({ peakMemoryBytes }) => formatBytes(peakMemoryBytes) },
];

/** One line for the model, one per picture, and the mean where there are several. */
export function roundtripTable(vae: Vae, all: readonly RoundtripMeasures[]): string {
  const rows: Row[] = all.map((numbers) => ({ ...numbers, size: `${numbers.width}x${numbers.height}` }));
  if (all.length > 1) rows.push({ ...meanNumbers(all), size: "" });
  const model = `${oneLine(modelLabel(vae))}: ${formatCount(vae.parameterCount)} parameters, f${vae.spatialFactor}, ${vae.facts.latentChannels} latent channels, on ${vae.device ?? "?"}`;
  return `${model}\n\n${formatTable(columns, rows)}`;
}

/** What `--json` prints. */
export function roundtripJson(vae: Vae, all: readonly RoundtripMeasures[], files: readonly string[]): object {
  return {
    model: modelLabel(vae),
    parameterCount: vae.parameterCount,
    device: vae.device,
    pictures: all.map((numbers, i) => ({ ...numbers, reconstruction: files[i] })),
    mean: meanNumbers(all),
  };
}

function meanNumbers(all: readonly RoundtripMeasures[]): Omit<RoundtripMeasures, "width" | "height"> {
  const mean = (read: (numbers: RoundtripMeasures) => number): number => meanOf(all.map(read)) ?? NaN;
  return {
    name: "mean",
    psnr: mean(({ psnr }) => psnr),
    ssim: meanOf(all.map(({ ssim }) => ssim)),
    latents: {
      mean: mean(({ latents }) => latents.mean),
      std: mean(({ latents }) => latents.std),
      min: mean(({ latents }) => latents.min),
      max: mean(({ latents }) => latents.max),
    },
    encodeMs: mean(({ encodeMs }) => encodeMs),
    decodeMs: mean(({ decodeMs }) => decodeMs),
    peakMemoryBytes: Math.max(...all.map(({ peakMemoryBytes }) => peakMemoryBytes)),
  };
}
