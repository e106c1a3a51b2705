/** Files of latents: how to find the latents in anybody's file, and in which scale they are. */
import { VaekitError } from "../../errors.ts";
import type { Sides } from "../../images/index.ts";
import { unpackLatents } from "../../latents/index.ts";
import { sameNumbers } from "../../latents/scaling.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkOptions, checkPath, optionKinds, type OptionKinds } from "../../util/check-options.ts";
import { shorten, shownName } from "../../util/printable.ts";
import { checkVae } from "../check-vae.ts";
import type { Vae } from "../../vae/vae.ts";
import { readSafetensorsFile } from "../../weights/node/index.ts";
import { farLatents, type FarLatents } from "../../vae/far-latents.ts";
import { knownLatents, otherModelText } from "../../vae/latents-watch.ts";
import { latentsForNormalized } from "./for-normalized.ts";
import { scalingMetadata } from "./metadata.ts";
import { assumption, holdsOnePicture, latentsAmong, scaleOf, type LatentsScale } from "./scale.ts";

/** The options of {@link readLatents}. */
export interface ReadLatentsOptions {
  /** The tensor's name. @defaultValue `latents`, the name of another program's latents, or the only tensor */
  readonly tensor?: string;
  /** Whether the latents are in the VAE's own scale, whatever the file says. @defaultValue false */
  readonly raw?: boolean;
  /** The size in pixels of the picture whose latents are FLUX's packed tokens. */
  readonly packed?: Sides;
  /** Told what was assumed where the file does not say it. */
  readonly onNote?: (message: string) => void;
  /** Told where the file and the model seem not to belong together. */
  readonly onWarning?: (message: string) => void;
}

/** What {@link readLatents} found. */
export interface FoundLatents {
  /** [N, L, h, w] for `vae.decode`, neither scaled nor shifted. */
  readonly latents: Tensor;
  /** What was taken for their scale in the file. */
  readonly scale: LatentsScale;
}

const readKinds: OptionKinds<ReadLatentsOptions> = {
  tensor: optionKinds.text,
  raw: optionKinds.boolean,
  packed: {
    expected: "a size { width, height } in pixels",
    fits: (value) => {
      const { width, height } = (value ?? {}) as { width?: unknown; height?: unknown };
      return [width, height].every((side) => Number.isSafeInteger(side) && Number(side) > 0);
    },
  },
  onNote: optionKinds.callback,
  onWarning: optionKinds.callback,
};

/**
 * Reads the latents of a file, in the scale of the VAE: a file of vaekit, ComfyUI's `.latent`, a cache of musubi-tuner, or
 * any safetensors file with a tensor of latents, normalised unless the file says otherwise.
 *
 * @param vae the model that is to decode them.
 * @returns latents `[N, L, h, w]` for `vae.decode`, and what was taken for their scale in the file.
 * @throws INVALID_FILE when they do not fit the model, with the remedy; NOT_FOUND when there is no such file or tensor;
 *   INVALID_ARGUMENT when `packed` is another size than theirs; IO.
 */
export async function readLatents(
  path: string,
  vae: Vae,
  options: ReadLatentsOptions = {},
): Promise<FoundLatents> {
  checkPath("readLatents", path, "the path of a .safetensors file");
  checkVae("readLatents", vae);
  checkOptions("readLatents", options, readKinds);
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
  if (scale.decidedBy === "assumed") options.onNote?.(assumption(path, name, scale));
  if (vae.scaling.kind === "none") {
    return { latents: latentsForNormalized(latents, scale, metadata, subject), scale };
  }
  if (scale.fixedFactor !== undefined)
    return { latents: knownLatents(divided(latents, scale.fixedFactor)), scale };
  if (!isOwnFile(metadata)) {
    const far = farLatents({ found: latents, scale: scale.scale, scaling: vae.scaling });
    if (far !== undefined) options.onWarning?.(`${subject}: ${far.odd}. ${adviceFor(far, scale)}`);
  }
  if (scale.scale === "raw") return { latents: knownLatents(latents), scale };
  for (const warning of otherScaling(metadata, vae, path)) options.onWarning?.(warning);
  return { latents: knownLatents(vae.denormalizeLatents(latents)), scale };
}

function adviceFor({ likely }: FarLatents, { scale }: LatentsScale): string {
  if (likely !== "in the other scale") return otherModelText(likely);
  return scale === "raw"
    ? "They look normalised already: leave `raw` out."
    : "They look as the VAE itself has them: pass `raw`.";
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
    `${path}: expected one tensor, or one named latents; found ${shown}. Choose one with \`tensor\`.`,
  );
}

function unpack(packed: Tensor, vae: Vae, size: { width: number; height: number }, subject: string): Tensor {
  const { latentChannels } = vae.facts;
  if (packed.shape.length !== 3 || packed.shape[2] !== 4 * latentChannels) {
    throw new VaekitError(
      "INVALID_FILE",
      `${subject}: expected packed latents [N, tokens, ${4 * latentChannels}] for \`packed\`, found ${formatShape(packed.shape)}.`,
    );
  }
  const token = 2 * vae.spatialFactor;
  const tokens = Math.floor(size.height / token) * Math.floor(size.width / token);
  if (packed.shape[1] !== tokens) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `\`packed: ${size.width}x${size.height}\`: a picture of that size has ${tokens} tokens, found ${packed.shape[1]!}. Pass the size that the latents were made for.`,
    );
  }
  return unpackLatents(packed, { ...size, vaeScaleFactor: vae.spatialFactor });
}

function checkLatents(latents: Tensor, vae: Vae, subject: string): void {
  const { shape, dtype } = latents;
  const channels = vae.facts.latentChannels;
  const fail = (remedy: string): never => {
    throw new VaekitError(
      "INVALID_FILE",
      `${subject}: expected latents [N, ${channels}, h, w] for this model, found ${dtype} ${formatShape(shape)}. ${remedy}`,
    );
  };
  if (dtype === "uint8" || dtype === "int64") fail("Latents are floating-point numbers.");
  if (shape.length === 3 && shape[2] === 4 * channels) {
    fail("These are packed tokens; pass `packed` with the picture's size in pixels.");
  }
  if (shape.length === 3 && shape[0] === channels) {
    fail(`The batch dimension is missing; save them as ${formatShape([1, ...shape])}.`);
  }
  if (shape.length === 5) {
    fail("These are latents of a video; vaekit decodes pictures. Save one frame with four dimensions.");
  }
  const isRow = vae.facts.layout === "rows" && shape.length === 2;
  if (shape.length !== 4 && !isRow) fail("Save them with four dimensions.");
  if (shape[1] === 2 * channels)
    fail("These are mean and logvar together; save the first half of the channels.");
  if (shape[1] !== channels) fail("Choose the `model` that made them.");
  if (latents.size === 0) fail("There is nothing to decode.");
  if (!latents.toFloat32().data.every((value) => Number.isFinite(value))) {
    throw new VaekitError("INVALID_FILE", `${subject}: expected finite numbers, found NaN or infinite ones.`);
  }
}

/** Whether vaekit wrote the file, which notes by what its latents were scaled. */
const isOwnFile = (metadata: Readonly<Record<string, string>>): boolean =>
  metadata.vaekit_version !== undefined;

/** A line for each factor that the file and the model do not share. */
function otherScaling(metadata: Readonly<Record<string, string>>, vae: Vae, path: string): string[] {
  const own = scalingMetadata(vae.scaling);
  // Files of other programs note nothing, or the factor alone.
  const isOwn = isOwnFile(metadata);
  // A model without factors, such as a tiny autoencoder, gives what a diffusion model sees of any.
  if (isOwn && scalingKeys.every((key) => metadata[key] === undefined)) return [];
  return scalingKeys.flatMap((key) => {
    const noted = metadata[key];
    if (noted === undefined && !isOwn) return [];
    if (isSame(key, noted, own[key]) || (isNeutral(key, noted) && isNeutral(key, own[key]))) return [];
    const [theirs = "none", ours = "none"] = [noted, own[key]].map((text) => text && shorten(text, 60));
    return `${path}: made with ${key} ${theirs}, but this model's is ${ours}; is it the same model?`;
  });
}

const scalingKeys = [
  "scaling_factor",
  "shift_factor",
  "latents_mean",
  "latents_std",
  "patch_mean",
  "patch_std",
] as const;

/** Whether two notes say the same number or the same list; statistics of patches may have been rounded in a file. */
function isSame(key: string, a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if (!key.startsWith("patch_")) return Number(a) === Number(b);
  const [ours, theirs] = [numbersOf(a), numbersOf(b)];
  return ours !== undefined && theirs !== undefined && sameNumbers(ours, theirs);
}

function numbersOf(text: string): number[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((each) => typeof each === "number") ? list : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a factor changes nothing: a shift of 0 is as good as none. */
function isNeutral(key: string, value: string | undefined): boolean {
  return value === undefined || (key === "shift_factor" && Number(value) === 0);
}
