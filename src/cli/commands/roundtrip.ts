/** `vaekit roundtrip`: what the VAE keeps of pictures. */
import { join } from "node:path";
import type { Command } from "commander";
import type { AutoencoderKL } from "../../node/index.ts";
import { encodePng } from "../../images/node/index.ts";
import type { RoundtripPicture } from "../../report/index.ts";
import { checkTiling, Coding } from "../coding.ts";
import { print, printJson } from "../format.ts";
import { openModel } from "../open-model.ts";
import {
  addJsonOption,
  addModelOptions,
  addSampleOptions,
  addSizeOption,
  addTilingOption,
  sampleGenerator,
  type JsonOptions,
  type ModelOptions,
  type SampleOptions,
  type TilingOptions,
} from "../options.ts";
import { Outputs } from "../outputs.ts";
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
  sampleGenerator(options); // Refuses a seed without a sample before the long work.
  await checkTiling(options);
  const paths = await findPictures(images);
  const outputs = new Outputs(paths);
  const files = await claimAll(outputs, paths, options);
  const vae = await openModel(options);
  try {
    outputs.keepModel(vae, options);
    const { all, pages } = await roundtripAll(vae, paths, { files, outputs, options });
    if (options.html !== undefined) await outputs.write(options.html, renderReport(vae, pages));
    if (options.json === true) printJson(roundtripJson(vae, all, files));
    else print(roundtripTable(vae, all));
  } finally {
    await vae.dispose();
  }
}

/** Where each reconstruction goes; every reason to refuse is found before the long work. */
async function claimAll(
  outputs: Outputs,
  paths: readonly string[],
  { out, html }: RoundtripOptions,
): Promise<string[]> {
  await outputs.claimFolder(out);
  const files = paths.map((path) => join(out, `${stemOf(path)}.reconstruction.png`));
  for (const path of [...files, ...(html === undefined ? [] : [html])]) await outputs.claim(path);
  return files;
}

async function roundtripAll(
  vae: AutoencoderKL,
  paths: readonly string[],
  to: { readonly files: readonly string[]; readonly outputs: Outputs; readonly options: RoundtripOptions },
): Promise<{ all: RoundtripNumbers[]; pages: RoundtripPicture[] }> {
  const { files, outputs, options } = to;
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
    await outputs.write(files[i]!, await encodePng(result.reconstruction));
    all.push(result.numbers);
    if (options.html !== undefined) pages.push(await reportPicture(vae, result));
  }
  return { all, pages };
}
