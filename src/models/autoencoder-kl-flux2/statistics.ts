/**
 * What FLUX.2 normalises latents by: the running mean and variance of each feature of 2x2 patches, which its
 * batch normalisation gathered in training. The model itself never runs it; pipelines read its numbers.
 *
 * @see diffusers, pipelines/flux2/pipeline_flux2.py, _encode_vae_image
 */
import { VaekitError } from "../../errors.ts";
import { patchSize, type PatchMeanStdScaling } from "../../latents/scaling.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { BufferFacts, Buffers } from "../model.ts";
import type { AutoencoderKLFlux2Config } from "./config.ts";

/** Mean, variance, and how many batches they are of, as PyTorch's BatchNorm2d keeps them. */
export function flux2Buffers({ latentChannels }: AutoencoderKLFlux2Config): ReadonlyMap<string, BufferFacts> {
  const features = patchSize * latentChannels;
  return new Map<string, BufferFacts>([
    ["bn.running_mean", { fresh: Tensor.zeros([features]) }],
    ["bn.running_var", { fresh: Tensor.from(new Float32Array(features).fill(1), [features]) }],
    // Only PyTorch's training reads it.
    ["bn.num_batches_tracked", { fresh: Tensor.from(new BigInt64Array(1), []), isOptional: true }],
  ]);
}

/**
 * (z - mean) / sqrt(variance + batch_norm_eps), each step in float32 as in PyTorch.
 *
 * @throws INVALID_FILE for a mean that is not finite, and a variance that is not, or is negative.
 */
export function flux2Scaling(
  { latentChannels, batchNormEps }: AutoencoderKLFlux2Config,
  buffers: Buffers,
): PatchMeanStdScaling {
  const mean = valuesOf(buffers, "bn.running_mean", "a finite mean", Number.isFinite);
  const isVariance = (value: number): boolean => Number.isFinite(value) && value >= 0;
  const variance = valuesOf(buffers, "bn.running_var", "a finite variance of at least 0", isVariance);
  const eps = Math.fround(batchNormEps);
  const std = variance.map((value) => Math.fround(Math.sqrt(Math.fround(value + eps))));
  return { kind: "patchMeanStd", latentChannels, mean, std };
}

function valuesOf(
  buffers: Buffers,
  name: string,
  expected: string,
  isGood: (value: number) => boolean,
): readonly number[] {
  const values = [...buffers.get(name)!.toFloat32().data];
  const bad = values.findIndex((value) => !isGood(value));
  if (bad === -1) return values;
  throw new VaekitError(
    "INVALID_FILE",
    `${name}: expected ${expected} for each feature of a patch, found ${values[bad]} at place ${bad + 1}. The file is damaged, or its model was never trained to the end.`,
  );
}
