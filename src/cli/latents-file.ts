/** Files of latents: what vaekit notes in their metadata, and how to find the latents in anybody's file. */
import { basename } from "node:path";
import {
  latentScaling,
  readSafetensorsFile,
  Tensor,
  unpackLatents,
  VaekitError,
  type AutoencoderKL,
  type LatentScaling,
  type Shape,
} from "../node/index.ts";
import { UsageError, warn } from "./failure.ts";
import {
  holdsOnePicture,
  latentsAmong,
  noteAssumption,
  scaleOf,
  type LatentsScale,
} from "./latents-scale.ts";
import type { SampleOptions, TilingOptions } from "./options.ts";
import { shorten, shownName } from "../util/printable.ts";
import { packageVersion } from "./package.ts";
import { modelLabel } from "./roundtrip.ts";

/** Where latents came from, in the header's strings. Keys are diffusers' where it has them. */
export function latentsMetadata(made: {
  readonly vae: AutoencoderKL;
  readonly paths: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly options: SampleOptions & TilingOptions;
}): Record<string, string> {
  const { vae, paths, width, height, options } = made;
  return {
    format: "pt",
    vaekit_version: packageVersion(),
    model: modelLabel(vae),
    images: JSON.stringify(paths.map((path) => basename(path))),
    width: String(width),
    height: String(height),
    tiling: options.tiling ?? "auto",
    latents:
      options.sample === true ? `normalized sample, torch seed ${options.seed ?? 0}` : "normalized mode",
    ...scalingMetadata(latentScaling(vae.config)),
  };
}

/** What normalised the latents, under config.json's keys; a key that is not there had no part in it. */
function scalingMetadata(scaling: LatentScaling): Record<string, string> {
  if (scaling.kind === "none") return {};
  const { scalingFactor } = scaling;
  const factor: Record<string, string> =
    scalingFactor === undefined ? {} : { scaling_factor: String(scalingFactor) };
  if (scaling.kind === "factor") return { ...factor, shift_factor: String(scaling.shiftFactor) };
  const { mean, std } = scaling;
  return { ...factor, latents_mean: JSON.stringify(mean), latents_std: JSON.stringify(std) };
}

export interface ReadLatentsOptions {
  tensor?: string;
  raw?: boolean;
  /** The size in pixels of the picture whose latents are packed. */
  packed?: { width: number; height: number };
}

/**
 * Reads the latents of a file: its tensor `latents`, its only tensor, or the one asked for.
 *
 * @returns `[N, C, h, w]`, neither scaled nor shifted.
 * @throws INVALID_FILE when they do not fit the model, and the remedy; NOT_FOUND when there is no such tensor.
 */
export async function readLatents(
  path: string,
  vae: AutoencoderKL,
  options: ReadLatentsOptions,
): Promise<{ latents: Tensor; scale: LatentsScale }> {
  const { tensors, unread, metadata } = await readSafetensorsFile(path);
  const wanted = options.tensor ?? "latents";
  const unreadDType = unread.get(wanted);
  if (unreadDType !== undefined) {
    const message = `${path}: ${wanted}: expected latents in floating point, found the dtype ${unreadDType}. Save them as float32.`;
    throw new VaekitError("INVALID_FILE", message);
  }
  const name = chooseTensor(path, tensors, options.tensor);
  const subject = `${path}: ${shownName(name)}`;
  const found = withBatch(name, tensors.get(name)!);
  const latents = options.packed === undefined ? found : unpack(found, vae, options.packed, subject);
  checkLatents(latents, vae, subject);
  const scale = scaleOf({ names: [...tensors.keys()], metadata }, name, options.raw === true);
  noteAssumption(path, name, scale);
  if (scale.fixedFactor !== undefined) return { latents: divided(latents, scale.fixedFactor), scale };
  if (scale.scale === "raw") return { latents, scale };
  warnOfOtherScaling(metadata, vae, path);
  return { latents: vae.denormalizeLatents(latents), scale };
}

function withBatch(name: string, found: Tensor): Tensor {
  return holdsOnePicture(name) && found.shape.length === 3 ? found.reshape([1, ...found.shape]) : found;
}

function divided(latents: Tensor, factor: number): Tensor {
  return Tensor.from(
    latents.toFloat32().data.map((value) => value / factor),
    latents.shape,
  );
}

function chooseTensor(path: string, tensors: ReadonlyMap<string, Tensor>, asked: string | undefined): string {
  const names = [...tensors.keys()];
  const shown =
    names.length === 0
      ? "no tensor"
      : names.slice(0, 5).map(shownName).join(", ") + (names.length > 5 ? ", …" : "");
  if (asked !== undefined) {
    if (tensors.has(asked)) return asked;
    throw new VaekitError("NOT_FOUND", `${path}: expected a tensor ${shownName(asked)}, found ${shown}.`);
  }
  const found = latentsAmong(names);
  if (found !== undefined) return found;
  throw new VaekitError(
    "INVALID_FILE",
    `${path}: expected one tensor, or one named latents; found ${shown}. Choose one with --tensor NAME.`,
  );
}

function unpack(
  packed: Tensor,
  vae: AutoencoderKL,
  size: { width: number; height: number },
  subject: string,
): Tensor {
  const { latentChannels } = vae.config;
  if (packed.shape.length !== 3 || packed.shape[2] !== 4 * latentChannels) {
    throw new VaekitError(
      "INVALID_FILE",
      `${subject}: expected packed latents [N, tokens, ${4 * latentChannels}] for --packed, found ${format(packed.shape)}.`,
    );
  }
  const token = 2 * vae.spatialFactor;
  const tokens = Math.floor(size.height / token) * Math.floor(size.width / token);
  if (packed.shape[1] !== tokens) {
    throw new UsageError(
      `--packed ${size.width}x${size.height}: a picture of that size has ${tokens} tokens, found ${packed.shape[1]!}. Pass the size that the latents were made for.`,
    );
  }
  return unpackLatents(packed, { ...size, vaeScaleFactor: vae.spatialFactor });
}

function checkLatents(latents: Tensor, vae: AutoencoderKL, subject: string): void {
  const { shape, dtype } = latents;
  const channels = vae.config.latentChannels;
  const fail = (remedy: string): never => {
    throw new VaekitError(
      "INVALID_FILE",
      `${subject}: expected latents [N, ${channels}, h, w] for this model, found ${dtype} ${format(shape)}. ${remedy}`,
    );
  };
  if (dtype === "uint8" || dtype === "int64") fail("Latents are floating-point numbers.");
  if (shape.length === 3 && shape[2] === 4 * channels) {
    fail("These are packed tokens; pass --packed WxH with the picture's size in pixels.");
  }
  if (shape.length === 3 && shape[0] === channels) {
    fail(`The batch dimension is missing; save them as ${format([1, ...shape])}.`);
  }
  if (shape.length === 5) {
    fail("These are latents of a video; vaekit decodes pictures. Save one frame with four dimensions.");
  }
  if (shape.length !== 4) fail("Save them with four dimensions.");
  if (shape[1] === 2 * channels)
    fail("These are mean and logvar together; save the first half of the channels.");
  if (shape[1] !== channels) fail("Choose the model that made them with --model.");
  if (latents.size === 0) fail("There is nothing to decode.");
  if (!latents.toFloat32().data.every((value) => Number.isFinite(value))) {
    throw new VaekitError("INVALID_FILE", `${subject}: expected finite numbers, found NaN or infinite ones.`);
  }
}

function warnOfOtherScaling(
  metadata: Readonly<Record<string, string>>,
  vae: AutoencoderKL,
  path: string,
): void {
  const own = scalingMetadata(latentScaling(vae.config));
  // Files of other programs note nothing, or the factor alone.
  const isOwnFile = metadata.vaekit_version !== undefined;
  for (const key of ["scaling_factor", "shift_factor", "latents_mean", "latents_std"]) {
    const noted = metadata[key];
    if (noted === undefined && !isOwnFile) continue;
    if (isSame(noted, own[key]) || (isNeutral(key, noted) && isNeutral(key, own[key]))) continue;
    const [theirs = "none", ours = "none"] = [noted, own[key]].map((text) => text && shorten(text, 60));
    warn(`${path}: made with ${key} ${theirs}, but this model's is ${ours}; is it the same model?`);
  }
}

/** Whether two notes say the same number or the same list. */
function isSame(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && Number(a) === Number(b));
}

/** Whether a factor changes nothing: a shift of 0 is as good as none. */
function isNeutral(key: string, value: string | undefined): boolean {
  return value === undefined || (key === "shift_factor" && Number(value) === 0);
}

function format(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}
