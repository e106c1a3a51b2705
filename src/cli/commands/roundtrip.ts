/** `vaekit roundtrip`: what the VAE keeps of pictures. */
import { join } from "node:path";
import type { Command } from "commander";
import { writeFileAtomic, type AutoencoderKL } from "../../node/index.ts";
import { encodePng } from "../../images/node/index.ts";
import type { RoundtripPicture } from "../../report/index.ts";
import { checkTiling, Coding } from "../coding.ts";
import { UsageError } from "../failure.ts";
import { print, printJson } from "../format.ts";
import { openModel } from "../open-model.ts";
import {
  addJsonOption,
  addModelOptions,
  addSampleOptions,
  addSizeOption,
  addTilingOption,
  type JsonOptions,
  type ModelOptions,
  type SampleOptions,
  type TilingOptions,
} from "../options.ts";
import { checkIsNoInput, checkOutputFile, checkOutputFolder, makeOutputFolder } from "../outputs.ts";
import { findPictures, preparePicture, stemOf, type SizeRule } from "../pictures.ts";
import { Progress } from "../progress.ts";
import { roundtripJson, roundtripTable } from "../roundtrip-table.ts";
import { renderReport, reportPicture, roundtripPicture, type RoundtripNumbers } from "../roundtrip.ts";

interface RoundtripOptions extends ModelOptions, JsonOptions, TilingOptions, SampleOptions {
  size: SizeRule;
  out: string;
  html?: string;
}

/** Adds the command. */
export function addRoundtrip(program: Command): void {
  const command = program
    .command("roundtrip")
    .description("Encode and decode pictures; write the reconstructions and print what was lost.")
    .argument("<image...>", "picture files, or folders of pictures")
    .option("-o, --out <dir>", "folder for NAME.reconstruction.png; files of that name are replaced", ".")
    .option("--html <file>", "also write a page with pictures, differences, latents and histograms")
    .addHelpText(
      "after",
      "\nExamples:\n  $ vaekit roundtrip photo.jpg\n  $ vaekit roundtrip photos --model ORG/NAME --subfolder vae --html report.html",
    );
  addSizeOption(command, "512");
  addModelOptions(command);
  addTilingOption(command);
  addSampleOptions(command);
  addJsonOption(command).action(roundtrip);
}

async function roundtrip(images: string[], options: RoundtripOptions): Promise<void> {
  await checkTiling(options);
  const paths = await findPictures(images);
  const outputs = await planOutputs(paths, options);
  const vae = await openModel(options);
  try {
    const { all, pages } = await roundtripAll(vae, paths, outputs, options);
    if (options.html !== undefined) await writeFileAtomic(options.html, renderReport(vae, pages));
    if (options.json === true) printJson(roundtripJson(vae, all, outputs));
    else print(roundtripTable(vae, all));
  } finally {
    await vae.dispose();
  }
}

/** Where each reconstruction goes; every reason to refuse is found before the long work. */
async function planOutputs(paths: readonly string[], options: RoundtripOptions): Promise<string[]> {
  await checkOutputFolder(options.out);
  const outputs = paths.map((path) => join(options.out, `${stemOf(path)}.reconstruction.png`));
  const twice = outputs.find((output, i) => outputs.indexOf(output) !== i);
  if (twice !== undefined) {
    throw new UsageError(`Two pictures would be written to ${twice}. Rename one, or give them to two runs.`);
  }
  for (const output of outputs) await checkIsNoInput(output, paths);
  if (options.html !== undefined) await checkOutputFile(options.html, paths);
  return outputs;
}

async function roundtripAll(
  vae: AutoencoderKL,
  paths: readonly string[],
  outputs: readonly string[],
  options: RoundtripOptions,
): Promise<{ all: RoundtripNumbers[]; pages: RoundtripPicture[] }> {
  const all: RoundtripNumbers[] = [];
  const pages: RoundtripPicture[] = [];
  using progress = new Progress(paths.length * 2);
  const coding = new Coding(vae, options, progress);
  progress.task("reading the pictures");
  // A broken picture among many is found before anything is written.
  if (paths.length > 1) for (const path of paths) await preparePicture(path, vae, options.size);
  for (const [i, path] of paths.entries()) {
    const picture = await preparePicture(path, vae, options.size);
    const result = await roundtripPicture(vae, picture, { ...options, coding }, progress);
    await makeOutputFolder(options.out);
    await writeFileAtomic(outputs[i]!, await encodePng(result.reconstruction));
    all.push(result.numbers);
    if (options.html !== undefined) pages.push(await reportPicture(vae, result));
  }
  return { all, pages };
}
