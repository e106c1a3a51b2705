/** `vaekit calibrate`: the factors that a model's config should hold, measured on pictures. */
import type { Command } from "commander";
import { LatentCalibrator, type Vae, type PictureFiles } from "../../node/index.ts";
import { renderCalibrationChart } from "../../node/report/index.ts";
import {
  calibrationFields,
  hasScalingKeys,
  calibrationText,
  type CalibrationResult,
} from "../calibration-text.ts";
import { checkTiling, Coding } from "../coding.ts";
import { UsageError } from "../failure.ts";
import { print, printJson } from "../format.ts";
import { naming } from "../naming.ts";
import { openModel } from "../open-model.ts";
import {
  addJsonOption,
  addModelOptions,
  addSampleOptions,
  addPictureOptions,
  addTilingOption,
  parseCount,
  sampleGenerator,
  type JsonOptions,
  type ModelOptions,
  type PictureOptions,
  type SampleOptions,
  type TilingOptions,
} from "../options.ts";
import { Outputs } from "../outputs.ts";
import { findPictureFiles, warnOfUnreadable } from "../picture-inputs.ts";
import { pictureReader, type SizeRule } from "../pictures.ts";
import { Progress } from "../progress.ts";
import { modelLabel } from "../model-label.ts";
import { oneLine } from "../../node/report/index.ts";

interface CalibrateOptions extends ModelOptions, JsonOptions, TilingOptions, SampleOptions, PictureOptions {
  crop?: boolean;
  limit?: number;
  chart?: string;
}

/** Adds its arguments, its options and what it does. */
export function addCalibrate(command: Command): void {
  command
    .argument("<folder...>", "folders of pictures, or picture files")
    .option("--crop", "cut pictures to squares of --size")
    .option("--limit <n>", "take the first N readable pictures", parseCount)
    .option("--chart <file>", "write the distribution before and after as an .svg picture")
    .addHelpText("after", "\nExample:\n  $ vaekit calibrate photos --size 256 --crop --chart latents.svg");
  addPictureOptions(command, "512");
  addModelOptions(command);
  addTilingOption(command);
  addSampleOptions(command);
  addJsonOption(command).action(calibrate);
}

async function calibrate(folders: string[], options: CalibrateOptions): Promise<void> {
  const size = croppedSize(options);
  sampleGenerator(options); // Refuses a seed without a sample before the long work.
  await checkTiling(options);
  const inputs = await findPictureFiles(folders, options);
  const outputs = new Outputs(inputs.paths);
  if (options.chart !== undefined) await outputs.claim(options.chart);
  const vae = await openModel(options);
  try {
    outputs.keepModel(vae, options);
    const result = await measure(vae, inputs, { ...options, size });
    warnOfUnreadable(inputs);
    if (options.chart !== undefined) await outputs.write(options.chart, chart(vae, result));
    if (options.json === true) printJson({ ...json(vae, result), leftOut: inputs.leftOut });
    else print(calibrationText(modelLabel(vae), result, vae.configText()));
    if (options.chart !== undefined && options.json !== true) print(`\nChart: ${oneLine(options.chart)}`);
  } finally {
    await vae.dispose();
  }
}

function croppedSize({ size, crop }: CalibrateOptions): SizeRule {
  if (crop !== true) return size;
  if (size.kind === "short-side") return { kind: "exact", width: size.pixels, height: size.pixels };
  throw new UsageError(
    "--crop: expected --size N, the side of the squares. WxH is cut to shape without --crop.",
  );
}

async function measure(
  vae: Vae,
  inputs: PictureFiles,
  options: CalibrateOptions,
): Promise<CalibrationResult> {
  const calibrator = new LatentCalibrator(vae.facts.latentChannels);
  const generator = sampleGenerator(options);
  const limit = Math.min(options.limit ?? Infinity, inputs.paths.length);
  using progress = new Progress(limit);
  const coding = new Coding(vae, options, progress);
  const read = pictureReader(vae, options);
  await inputs.checkAhead(read);
  let count = 0;
  for await (const { picture } of inputs.read(read)) {
    const { pixels, name } = picture;
    progress.task(name);
    const encoded = await naming(name, () => vae.encode(pixels, coding.options));
    const latents = encoded.latents(options.sample === true ? { sample: true, generator } : {});
    const [pictures = 1, channels = 1, rows = 1, columns = 1] = latents.shape;
    calibrator.add(latents.reshape([pictures, channels, rows, columns]));
    progress.advance();
    if (++count === limit) break;
  }
  return calibrator.result();
}

function chart(vae: Vae, result: CalibrationResult): string {
  return renderCalibrationChart({
    title: modelLabel(vae),
    raw: result.before,
    normalized: result.after,
    scalingFactor: result.scalingFactor,
    shiftFactor: result.shiftFactor,
    pictureCount: result.pictures,
  });
}

function json(vae: Vae, result: CalibrationResult): object {
  const { pictures, valuesPerChannel, scalingFactor, shiftFactor, latentsMean, latentsStd } = result;
  return {
    model: modelLabel(vae),
    pictures,
    valuesPerChannel,
    estimates: { scalingFactor, shiftFactor, latentsMean, latentsStd },
    config: hasScalingKeys(vae.configText()) ? calibrationFields(result) : null,
  };
}
