/** One picture through a model and back, and everything that is measured on the way. */
import { VaekitError } from "../../errors.ts";
import {
  differencePicture,
  latentPicture,
  psnr,
  saturationWarning,
  ssim,
  type Raster,
} from "../../images/index.ts";
import { encodePng } from "../../images/node/index.ts";
import type { BaseGenerator } from "../../random/base-generator.ts";
import type { RoundtripPicture } from "../../report/index.ts";
import { channelsOf, histogramOf, summarize, type Summary } from "../../report/statistics.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkOptions, checkValue, optionKinds, type OptionKinds } from "../../util/check-options.ts";
import { crop } from "../../vae/crop.ts";
import type { CodingOptions, CodingPlan } from "../../vae/options.ts";
import type { Vae } from "../../vae/vae.ts";
import { checkVae } from "../check-vae.ts";

/** A picture as a model sees it. */
export interface RoundtripInput {
  /** For messages and reports. */
  readonly name: string;
  /** The model's input, of one picture: `[1, C, H, W]`. */
  readonly pixels: Tensor;
  /** The same pixels as an 8-bit picture, to compare the reconstruction with. */
  readonly raster: Raster;
}

/** The options of {@link measureRoundtrip}. */
export interface RoundtripOptions {
  /** For `vae.encode` and `vae.decode`. */
  readonly coding?: CodingOptions;
  /** Draws the latents from the posterior by this generator. @defaultValue the most probable latents */
  readonly generator?: BaseGenerator | undefined;
  /** Told what is going on. */
  readonly onStage?: (stage: "encoding" | "decoding" | "measuring") => void;
  /** Told where the reconstruction cannot be a picture's. */
  readonly onWarning?: (message: string) => void;
}

const optionKindsOfRoundtrip: OptionKinds<RoundtripOptions> = {
  coding: optionKinds.object,
  generator: optionKinds.generator,
  onStage: optionKinds.callback,
  onWarning: optionKinds.callback,
};

/** The measurements of one picture. */
export interface RoundtripMeasures {
  /** As in the input. */
  readonly name: string;
  /** Of the picture as the model saw it, in pixels. */
  readonly width: number;
  /** Of the picture as the model saw it, in pixels. */
  readonly height: number;
  /** In decibels; Infinity for equal pictures. */
  readonly psnr: number;
  /** Null for pictures smaller than its window. */
  readonly ssim: number | null;
  /** Of the latents before shift and scaling. */
  readonly latents: Summary;
  /** Of `vae.encode`, the making of sessions included. */
  readonly encodeMs: number;
  /** Of `vae.decode`, the making of sessions included. */
  readonly decodeMs: number;
  /** What was chosen; not for diffusers' tiles. */
  readonly plan?: {
    /** Of `vae.encode`. */
    readonly encoder: CodingPlan;
    /** Of `vae.decode`. */
    readonly decoder: CodingPlan;
  };
  /** The most that the process has held so far. */
  readonly peakMemoryBytes: number;
}

/** A round trip: what was measured, and the pictures and latents that it was measured on. */
export interface RoundtripResult {
  /** What was measured. */
  readonly numbers: RoundtripMeasures;
  /** The picture as the model saw it. */
  readonly original: Raster;
  /** What the model made of it. */
  readonly reconstruction: Raster;
  /** Float32 `[1, C, h, w]`, or `[1, C]` of rows, as the encoder gives them. */
  readonly latents: Tensor<"float32">;
}

/** The side of ssim's window. */
const ssimWindow = 11;

/** How much a report amplifies differences. */
const differenceGain = 8;

/** The pixels of a report's latent pictures, across. */
const latentSheetPixels = 480;

/**
 * Encodes a picture, decodes it and compares.
 *
 * @throws UNSUPPORTED when the model gives other channels than it takes; NOT_FINITE with the picture's name in front;
 *   and as `vae.encode` and `vae.decode`.
 */
export async function measureRoundtrip(
  vae: Vae,
  input: RoundtripInput,
  options: RoundtripOptions = {},
): Promise<RoundtripResult> {
  checkVae("measureRoundtrip", vae);
  checkInput(input);
  checkOptions("measureRoundtrip", options, optionKindsOfRoundtrip);
  const { generator, onStage, onWarning } = options;
  const { name, pixels, raster: original } = input;
  const plans: Partial<Record<"encoder" | "decoder", CodingPlan>> = {};
  const coding = withPlans(options.coding ?? {}, plans);
  onStage?.("encoding");
  const encoded = await timed(() => naming(name, () => vae.encode(pixels, coding)));
  const latents = encoded.value.latents(generator === undefined ? {} : { sample: true, generator });
  onStage?.("decoding");
  const decoded = await timed(() => naming(name, () => vae.decode(latents, coding)));
  // A model that fills sides up gives the rest of its last latents, too.
  const [, , rows, columns] = pixels.shape;
  const whole = decoded.value.sample.toFloat32();
  const isFilled = vae.facts.sizes === "up" && vae.facts.layout === "planes";
  const sample = isFilled ? crop(whole, 0, 0, rows!, columns!) : whole;
  const warning = saturationWarning(sample, vae.name);
  if (warning !== undefined) onWarning?.(`${name}: ${warning}`);
  onStage?.("measuring");
  const reconstruction = vae.postprocess(sample)[0]!;
  const { width, height } = original;
  return {
    original,
    reconstruction,
    latents,
    numbers: {
      name,
      width,
      height,
      psnr: psnr(original, checkFormat(reconstruction, original, vae)),
      ssim: Math.min(width, height) < ssimWindow ? null : ssim(original, reconstruction),
      latents: summarize(latents),
      encodeMs: encoded.ms,
      decodeMs: decoded.ms,
      ...(plans.encoder === undefined || plans.decoder === undefined
        ? {}
        : { plan: { encoder: plans.encoder, decoder: plans.decoder } }),
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    },
  };
}

function checkInput(input: unknown): asserts input is RoundtripInput {
  const expected = "a picture { name, pixels, raster }";
  checkValue("measureRoundtrip", input, { ...optionKinds.object, expected });
  const { name, raster } = input as RoundtripInput;
  checkValue("measureRoundtrip: name", name, optionKinds.text);
  checkValue("measureRoundtrip: raster", raster, { ...optionKinds.object, expected: "a raster" });
}

/** The options, with what they choose noted. Of diffusers' tiles there would be a plan for each. */
function withPlans(
  options: CodingOptions,
  plans: Partial<Record<"encoder" | "decoder", CodingPlan>>,
): CodingOptions {
  if (options.tiling === "diffusers") return options;
  const onPlan = (plan: CodingPlan): void => {
    plans[plan.half] = plan;
    options.onPlan?.(plan);
  };
  return { ...options, onPlan };
}

async function naming<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VaekitError) || error.code !== "NOT_FINITE") throw error;
    throw new VaekitError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

function checkFormat(reconstruction: Raster, original: Raster, vae: Vae): Raster {
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

/**
 * What `renderRoundtripReport` shows of one picture. Pictures are compressed at once, so that many fit into memory.
 *
 * @param result what {@link measureRoundtrip} gave.
 */
export async function roundtripReportPicture(vae: Vae, result: RoundtripResult): Promise<RoundtripPicture> {
  checkVae("roundtripReportPicture", vae);
  checkValue("roundtripReportPicture", result, {
    expected: "what measureRoundtrip gave",
    fits: (value) => typeof (value as RoundtripResult | null)?.numbers === "object",
  });
  const { numbers, original, reconstruction } = result;
  const [count = 1, channels = 1, rowsOfLatents = 1, columnsOfLatents = 1] = result.latents.shape;
  const latents = result.latents.reshape([count, channels, rowsOfLatents, columnsOfLatents]);
  const columns = Math.ceil(Math.sqrt(channels));
  const pixelsPerLatent = Math.max(1, Math.floor(latentSheetPixels / (columns * columnsOfLatents)));
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
    normalizedHistogram: histogramOf(vae.normalizeLatents(result.latents).data),
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
