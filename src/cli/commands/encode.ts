/** `vaekit encode`: pictures to latents in a .safetensors file. */
import type { Command } from "commander";
import {
  AutoencoderKLOutput,
  encodeSafetensors,
  latentsMetadata,
  type Vae,
  type CodingPlan,
  type Encoded,
  type LeftOut,
  type PictureFiles,
  type Tensor,
} from "../../node/index.ts";
import { checkTiling, Coding } from "../coding.ts";
import { concatenate } from "../concatenate.ts";
import { UsageError } from "../failure.ts";
import { formatBytes, print, printJson } from "../format.ts";
import { naming } from "../naming.ts";
import { openModel } from "../open-model.ts";
import {
  addJsonOption,
  addModelOptions,
  addSampleOptions,
  addPictureOptions,
  addTilingOption,
  sampleGenerator,
  type JsonOptions,
  type ModelOptions,
  type PictureOptions,
  type SampleOptions,
  type TilingOptions,
} from "../options.ts";
import { modelLabel } from "../model-label.ts";
import { Outputs } from "../outputs.ts";
import { pictureReader } from "../pictures.ts";
import { findPictureFiles, warnOfUnreadable } from "../picture-inputs.ts";
import { Progress } from "../progress.ts";
import { oneLine } from "../../node/report/index.ts";

interface EncodeOptions extends ModelOptions, JsonOptions, TilingOptions, SampleOptions, PictureOptions {
  out: string;
}

type Plane = Tensor<"float32">;

/**
 * What a file of latents holds; every tensor `[N, C, h, w]` float32. `latents` are normalized: what a diffusion model
 * sees; `mean` and `logvar` are the posterior's, where the model has one.
 */
type EncodedTensors = Readonly<Record<"latents", Plane> & Partial<Record<"mean" | "logvar", Plane>>>;

/** Adds its arguments, its options and what it does. */
export function addEncode(command: Command): void {
  command
    .argument("<image...>", "picture files, or folders of pictures")
    .requiredOption("-o, --out <file>", "the .safetensors file; one of that name is replaced")
    .addHelpText(
      "after",
      "\nExamples:\n  $ vaekit encode photo.jpg --out photo.safetensors\n  $ vaekit encode photos --size 512x512 --sample --seed 7 --out photos.safetensors",
    );
  addPictureOptions(command, "512");
  addModelOptions(command);
  addTilingOption(command);
  addSampleOptions(command);
  addJsonOption(command).action(encode);
}

async function encode(images: string[], options: EncodeOptions): Promise<void> {
  sampleGenerator(options); // Refuses a seed without a sample before the long work.
  await checkTiling(options);
  const inputs = await findPictureFiles(images, options);
  const outputs = new Outputs(inputs.paths);
  await outputs.claim(options.out);
  const vae = await openModel(options);
  try {
    outputs.keepModel(vae, options);
    const { width, height, count } = await commonSize(vae, inputs, options);
    const { tensors, paths, plan } = await encodeAll(vae, inputs, count, options);
    const metadata = latentsMetadata(vae, {
      images: paths,
      width,
      height,
      tiling: options.tiling,
      model: modelLabel(vae),
      ...(options.sample === true ? { seed: options.seed ?? 0 } : {}),
    });
    await outputs.write(options.out, encodeSafetensors(Object.entries(tensors), metadata));
    warnOfUnreadable(inputs);
    report(tensors, { count: paths.length, plan, leftOut: inputs.leftOut }, options);
  } finally {
    await vae.dispose();
  }
}

/** The readable pictures and their size, found before the long work. */
async function commonSize(
  vae: Vae,
  inputs: PictureFiles,
  options: EncodeOptions,
): Promise<{ width: number; height: number; count: number }> {
  let count = 0;
  let first = { path: "", width: 0, height: 0 };
  for await (const { picture } of inputs.read(pictureReader(vae, options))) {
    const { width, height } = picture.raster;
    if (count++ === 0) first = { path: picture.path, width, height };
    if (width === first.width && height === first.height) continue;
    throw new UsageError(
      `One file holds latents of one size, but ${first.path} becomes ${first.width}x${first.height} and ${picture.path} ${width}x${height}. Pass --size WxH, or encode them one by one.`,
    );
  }
  return { width: first.width, height: first.height, count };
}

async function encodeAll(
  vae: Vae,
  inputs: PictureFiles,
  count: number,
  options: EncodeOptions,
): Promise<{ tensors: EncodedTensors; paths: string[]; plan: CodingPlan | undefined }> {
  const generator = sampleGenerator(options);
  const parts: EncodedTensors[] = [];
  const paths: string[] = [];
  using progress = new Progress(count);
  const coding = new Coding(vae, options, progress);
  for await (const { picture } of inputs.read(pictureReader(vae, options))) {
    const { pixels, name, path } = picture;
    progress.task(name);
    paths.push(path);
    const encoded = await naming(name, () => vae.encode(pixels, coding.options));
    const z = encoded.latents(options.sample === true ? { sample: true, generator } : {});
    parts.push({ ...posteriorOf(encoded), latents: vae.normalizeLatents(z) });
    progress.advance();
  }
  return { tensors: joined(parts), paths, plan: coding.plan };
}

function posteriorOf(encoded: Encoded): Pick<EncodedTensors, "mean" | "logvar"> {
  if (!(encoded instanceof AutoencoderKLOutput)) return {};
  const { mean, logvar } = encoded.latentDist;
  return { mean: mean.toFloat32(), logvar: logvar.toFloat32() };
}

/** One batch of each tensor. */
function joined(parts: readonly EncodedTensors[]): EncodedTensors {
  const names = Object.keys(parts[0]!) as (keyof EncodedTensors)[];
  const tensors = names.map((name) => [name, concatenate(parts.map((part) => part[name]!))] as const);
  return Object.fromEntries(tensors) as unknown as EncodedTensors;
}

function report(
  tensors: EncodedTensors,
  made: { readonly count: number; readonly plan: CodingPlan | undefined; readonly leftOut: LeftOut },
  options: EncodeOptions,
): void {
  const { count, ...rest } = made;
  const { out } = options;
  const { latents } = tensors;
  const byteLength = Object.values(tensors).reduce((sum, tensor) => sum + tensor.byteLength, 0);
  if (options.json === true) {
    printJson({ file: out, pictures: count, shape: latents.shape, byteLength, ...rest });
    return;
  }
  const pictures = count === 1 ? "1 picture" : `${count} pictures`;
  print(
    `${oneLine(out)}: ${pictures}, ${joinedNames(tensors)} [${latents.shape.join(", ")}], ${formatBytes(byteLength)}`,
  );
}

/** `mean, logvar and latents`. */
function joinedNames(tensors: EncodedTensors): string {
  const names = Object.keys(tensors);
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
}
