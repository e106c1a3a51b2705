/** `vaekit decode`: latents in a .safetensors file to pictures. */
import { extname } from "node:path";
import type { Command } from "commander";
import {
  encodeImage,
  readLatents,
  type Vae,
  type CodingPlan,
  type LatentsScale,
  type Raster,
  type Tensor,
} from "../../node/index.ts";
import { checkTiling, Coding } from "../coding.ts";
import { note, usage, UsageError, warn } from "../failure.ts";
import { print, printJson } from "../format.ts";
import { naming } from "../naming.ts";
import { openModel } from "../open-model.ts";
import {
  addJsonOption,
  addModelOptions,
  addTilingOption,
  parseWidthHeight,
  type JsonOptions,
  type ModelOptions,
  type TilingOptions,
} from "../options.ts";
import { Outputs } from "../outputs.ts";
import { pictureNames } from "../picture-names.ts";
import { Preview, type WrittenPicture } from "../preview.ts";
import { Progress } from "../progress.ts";
import { warnOfSaturation } from "../saturation.ts";
import { oneLine } from "../../node/report/index.ts";

interface DecodeOptions extends ModelOptions, JsonOptions, TilingOptions {
  out: string;
  tensor?: string;
  raw?: boolean;
  packed?: { width: number; height: number };
  preview?: string;
}

const extensions = [".png", ".jpg", ".jpeg", ".webp"];

/** Adds its arguments, its options and what it does. */
export function addDecode(command: Command): void {
  command
    .argument("<file>", "the .safetensors file")
    .requiredOption(
      "-o, --out <image>",
      "the picture (.png, .jpg, .webp); NAME.0.png, NAME.1.png, … for several",
    )
    .option("--tensor <name>", "which tensor to decode (default: latents, or the only one)")
    .option("--raw", "the latents are in the VAE's own scale, not normalized: take them as they are")
    .option(
      "--packed <WxH>",
      "the latents are FLUX's packed tokens of a picture of this size",
      parseWidthHeight,
    )
    .option(
      "--preview <model>",
      "a tiny model of the same latents, whose picture is written first, as NAME.preview.png: folder, .safetensors file or hub id; default: the built-in one",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  $ vaekit decode photo.safetensors --out photo.png\n  $ vaekit decode photo.safetensors --preview default --out photo.png\n  $ vaekit decode flux-tokens.safetensors --packed 1024x768 --model ORG/NAME --out picture.png\n  $ vaekit decode photo.safetensors --model ORG/NAME --preview taesd_decoder.safetensors --out photo.png",
    );
  addModelOptions(command);
  addTilingOption(command);
  addJsonOption(command).action(decode);
}

async function decode(file: string, options: DecodeOptions): Promise<void> {
  const { out } = options;
  if (!extensions.includes(extname(out).toLowerCase())) {
    throw new UsageError(`--out ${out}: expected a name ending in ${extensions.join(", ")}.`);
  }
  await checkTiling(options);
  await new Outputs([file]).claim(out);
  const vae = await openModel(options);
  try {
    const { latents, scale } = await readLatentsOf(file, vae, options);
    const files = pictureNames(out, latents.shape[0]!);
    const outputs = new Outputs([file]);
    for (const name of files) await outputs.claim(name);
    outputs.keepModel(vae, options);
    await using preview = await Preview.open(options, files.length, outputs);
    const { pictures, plan } = await naming(file, () => decodeAll(file, vae, latents, options, preview));
    const previews = await preview?.written();
    for (const [i, name] of files.entries()) await outputs.write(name, await encodeImage(pictures[i]!, name));
    report(files, pictures, { plan, scale, ...(previews && { previews }) }, options);
  } finally {
    await vae.dispose();
  }
}

function readLatentsOf(
  file: string,
  vae: Vae,
  { tensor, raw, packed }: DecodeOptions,
): ReturnType<typeof readLatents> {
  return usage(() => readLatents(file, vae, { tensor, raw, packed, onNote: note, onWarning: warn }));
}

async function decodeAll(
  file: string,
  vae: Vae,
  latents: Tensor,
  options: DecodeOptions,
  preview: Preview | undefined,
): Promise<{ pictures: Raster[]; plan: CodingPlan | undefined }> {
  using progress = new Progress(1);
  const coding = new Coding(vae, options, progress);
  progress.task("decoding");
  const { sample } = await vae.decodeLatents(latents, {
    ...coding.options,
    ...preview?.options,
    // One picture at a time: the same numbers, less memory.
    slicing: true,
    onProgress: ({ done, total }) => {
      progress.set(done, total);
    },
  });
  warnOfSaturation(sample, vae, file);
  return { pictures: vae.postprocess(sample), plan: coding.plan };
}

function report(
  files: readonly string[],
  pictures: readonly Raster[],
  {
    plan,
    scale,
    ...rest
  }: { plan: CodingPlan | undefined; scale: LatentsScale; previews?: readonly WrittenPicture[] },
  options: DecodeOptions,
): void {
  const results = files.map((file, i) => ({ file, width: pictures[i]!.width, height: pictures[i]!.height }));
  if (options.json === true) printJson({ pictures: results, ...rest, latents: scaleJson(scale), plan });
  else for (const { file, width, height } of results) print(`${oneLine(file)}: ${width}x${height}`);
}

/** What decided is named as people ask for it. */
function scaleJson({ decidedBy, ...scale }: LatentsScale): object {
  return { ...scale, decidedBy: decidedBy === "raw" ? "--raw" : decidedBy };
}
