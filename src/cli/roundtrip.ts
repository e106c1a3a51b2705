/** One picture through the VAE and back, and everything that is measured on the way. */
import {
  describeScaling,
  differencePicture,
  encodePng,
  latentPicture,
  latentScaling,
  psnr,
  ssim,
  VaeImageProcessor,
  VaekitError,
  type AutoencoderKL,
  type CodingPlan,
  type Raster,
  type Tensor,
} from "../node/index.ts";
import { renderRoundtripReport, type RoundtripPicture } from "../report/index.ts";
import { naming } from "./naming.ts";
import { channelsOf, histogramOf, summarize, type Summary } from "./statistics.ts";
import type { Coding } from "./coding.ts";
import { sampleGenerator, type SampleOptions } from "./options.ts";
import { packageVersion } from "./package.ts";
import type { PreparedPicture } from "./pictures.ts";
import type { Progress } from "./progress.ts";
import { warnOfSaturation } from "./saturation.ts";

/** The measurements of one picture. */
export interface RoundtripNumbers {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** In decibels; Infinity for equal pictures. */
  readonly psnr: number;
  /** Null for pictures smaller than its window. */
  readonly ssim: number | null;
  /** Of the latents before shift and scaling. */
  readonly latents: Summary;
  readonly encodeMs: number;
  readonly decodeMs: number;
  /** What was chosen; not for diffusers' tiles. */
  readonly plan?: { readonly encoder: CodingPlan; readonly decoder: CodingPlan };
  /** The most that the process has held so far. */
  readonly peakMemoryBytes: number;
}

export interface RoundtripResult {
  readonly numbers: RoundtripNumbers;
  readonly original: Raster;
  readonly reconstruction: Raster;
  /** Float32 `[1, C, h, w]`, as the posterior gives them. */
  readonly latents: Tensor<"float32">;
}

/** The side of ssim's window. */
const ssimWindow = 11;

/** How much the report amplifies differences. */
const differenceGain = 8;

/** The pixels of a report's latent pictures, across. */
const latentSheetPixels = 480;

/** Encodes, decodes and measures. The progress goes on by two steps. */
export async function roundtripPicture(
  vae: AutoencoderKL,
  picture: PreparedPicture,
  options: SampleOptions & { readonly coding: Coding },
  progress: Progress,
): Promise<RoundtripResult> {
  const { coding } = options;
  progress.task(`${picture.name}: encoding`);
  const encoded = await timed(() => naming(picture.name, () => vae.encode(picture.pixels, coding.options)));
  const encoder = coding.plan;
  progress.advance();
  const { latentDist } = encoded.value;
  const latents =
    options.sample === true ? latentDist.sample({ generator: sampleGenerator(options) }) : latentDist.mode();
  progress.task(`${picture.name}: decoding`);
  const decoded = await timed(() => naming(picture.name, () => vae.decode(latents, coding.options)));
  progress.advance();
  warnOfSaturation(decoded.value.sample, vae, picture.name);
  progress.task(`${picture.name}: measuring`);
  const [reconstruction] = new VaeImageProcessor().postprocess(decoded.value.sample);
  const { raster: original } = picture;
  const { width, height } = original;
  return {
    original,
    reconstruction: reconstruction!,
    latents: latents.toFloat32(),
    numbers: {
      name: picture.name,
      width,
      height,
      psnr: psnr(original, checkFormat(reconstruction!, original, vae)),
      ssim: Math.min(width, height) < ssimWindow ? null : ssim(original, reconstruction!),
      latents: summarize(latents),
      encodeMs: encoded.ms,
      decodeMs: decoded.ms,
      ...(encoder === undefined ? {} : { plan: { encoder, decoder: coding.plan! } }),
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    },
  };
}

function checkFormat(reconstruction: Raster, original: Raster, vae: AutoencoderKL): Raster {
  if (reconstruction.channels === original.channels) return reconstruction;
  throw new VaekitError(
    "UNSUPPORTED",
    `${vae.name}: takes ${original.channels} channels and gives ${reconstruction.channels}; these pictures cannot be compared. Use encode and decode.`,
  );
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const startMs = performance.now();
  const value = await work();
  return { value, ms: performance.now() - startMs };
}

/** What the report shows of one picture. Pictures are compressed at once, so that many fit into memory. */
export async function reportPicture(vae: AutoencoderKL, result: RoundtripResult): Promise<RoundtripPicture> {
  const { numbers, original, reconstruction, latents } = result;
  const columns = Math.ceil(Math.sqrt(latents.shape[1]!));
  const pixelsPerLatent = Math.max(1, Math.floor(latentSheetPixels / (columns * latents.shape[3]!)));
  return {
    name: numbers.name,
    widthPixels: numbers.width,
    heightPixels: numbers.height,
    original: await encodePng(original),
    reconstruction: await encodePng(reconstruction),
    difference: await encodePng(differencePicture(original, reconstruction, differenceGain)),
    differenceGain,
    latents: await encodePng(latentPicture(latents, { columns, pixelsPerLatent })),
    channelHistograms: channelsOf(latents).map((channel) => histogramOf(channel)),
    normalizedHistogram: histogramOf(vae.normalizeLatents(latents).data),
    numbers: {
      psnrDecibels: numbers.psnr,
      ssim: numbers.ssim ?? undefined,
      latentMean: numbers.latents.mean,
      latentStd: numbers.latents.std,
      latentMin: numbers.latents.min,
      latentMax: numbers.latents.max,
      encodeMs: numbers.encodeMs,
      decodeMs: numbers.decodeMs,
      peakMemoryBytes: numbers.peakMemoryBytes,
    },
  };
}

/** The report's page. */
export function renderReport(vae: AutoencoderKL, pictures: readonly RoundtripPicture[]): string {
  const { config, spatialFactor } = vae;
  return renderRoundtripReport({
    modelName: modelLabel(vae),
    parameterCount: vae.parameterCount,
    configSummary: [
      { name: "Latent channels", value: String(config.latentChannels) },
      { name: "Pixels per latent", value: `${spatialFactor} × ${spatialFactor}` },
      { name: "Scaling", value: describeScaling(latentScaling(config)) },
    ],
    environment: [
      { name: "Device", value: vae.device ?? "unknown" },
      { name: "vaekit", value: packageVersion() },
    ],
    pictures,
  });
}

/** What to call a model: the built-in one lies at a path that tells a reader nothing. */
export function modelLabel(vae: AutoencoderKL): string {
  return /[\\/]assets[\\/]default-vae$/.test(vae.name) ? "built-in model" : vae.name;
}
