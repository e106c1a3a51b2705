/** In which scale a file's latents are: that of the VAE, or normalised for a diffusion model. */
import { shownName } from "../../util/printable.ts";

/** What was taken for the scale, and why. */
export interface LatentsScale {
  /** `raw`: as the encoder gives them; `normalized`: as a diffusion model makes them. */
  readonly scale: "raw" | "normalized";
  /** What decided: the option `raw`, the file itself, or nothing but custom. */
  readonly decidedBy: "raw" | "file" | "assumed";
  /** The factor of a convention that does not ask the model; the latents are divided by it and are raw then. */
  readonly fixedFactor?: number;
}

/** ComfyUI's SaveLatent writes this empty tensor beside its latents: they are as the encoder gave them. */
const comfyMarker = "latent_format_version_0";

/** The name of ComfyUI's latents. */
const comfyTensor = "latent_tensor";

/** Before there was a marker, ComfyUI saved latents times this number, whatever the model. */
const comfyFactor = 0.18215;

/** musubi-tuner's caches name frames, height, width and dtype: `latents_1x64x64_bf16`. One picture has no batch there. */
const cachedTensor = /^latents_(?:\d+x){1,2}\d+_\w+$/;

/** Which models musubi-tuner's caches are for, in their metadata, and how its encoders leave the latents. */
const cachedScales: Readonly<Record<string, LatentsScale["scale"]>> = {
  flux_kontext: "normalized",
  z_image: "raw",
};

/** The latents among a file's tensors, by their names; undefined where a person must choose. */
export function latentsAmong(names: readonly string[]): string | undefined {
  const candidates = names.filter((name) => name !== comfyMarker);
  // Beside its marker, ComfyUI reads its own tensor, whatever else is there.
  if (names.includes(comfyMarker) && candidates.includes(comfyTensor)) return comfyTensor;
  const known = ["latents", comfyTensor].find((name) => candidates.includes(name));
  if (known !== undefined) return known;
  const cached = candidates.filter((name) => cachedTensor.test(name));
  const [only, ...more] = cached.length > 0 ? cached : candidates;
  return more.length === 0 ? only : undefined;
}

/** Whether a tensor of that name is one picture's, without a batch: [C, h, w]. */
export function holdsOnePicture(name: string): boolean {
  return cachedTensor.test(name);
}

/** What a file says of the scale of one of its tensors. */
export function scaleOf(
  file: { readonly names: readonly string[]; readonly metadata: Readonly<Record<string, string>> },
  name: string,
  isRaw: boolean,
): LatentsScale {
  const { names, metadata } = file;
  if (isRaw) return { scale: "raw", decidedBy: "raw" };
  // In our own files only `latents` is normalised; `mean` is as the encoder gave it.
  if (metadata.vaekit_version !== undefined) {
    return { scale: name === "mean" ? "raw" : "normalized", decidedBy: "file" };
  }
  if (names.includes(comfyMarker)) return { scale: "raw", decidedBy: "file" };
  if (name === comfyTensor) return { scale: "normalized", decidedBy: "assumed", fixedFactor: comfyFactor };
  const cachedFor = cachedTensor.test(name) ? metadata.architecture : undefined;
  if (cachedFor !== undefined && Object.hasOwn(cachedScales, cachedFor)) {
    return { scale: cachedScales[cachedFor]!, decidedBy: "file" };
  }
  return { scale: "normalized", decidedBy: metadata.scaling_factor === undefined ? "assumed" : "file" };
}

/** What was assumed of a file that says nothing, for people. */
export function assumption(path: string, name: string, { fixedFactor }: LatentsScale): string {
  const kind =
    fixedFactor === undefined
      ? "normalized latents, as a diffusion model makes them"
      : `those of ComfyUI before its files had a marker, times ${fixedFactor}`;
  return `${path}: the file does not say the scale of ${shownName(name)}; assumed ${kind}. Pass \`raw\` for the VAE's own scale.`;
}
