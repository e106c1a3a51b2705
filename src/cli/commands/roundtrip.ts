/** `vaekit roundtrip`: what the VAE keeps of pictures. */
import { join } from "node:path";
import type { Command } from "commander";
import { encodePng, type Vae, type PictureFiles } from "../../node/index.ts";
import {
  roundtripReportPicture,
  type RoundtripMeasures,
  type RoundtripPicture,
} from "../../node/report/index.ts";
import { checkTiling, Coding } from "../coding.ts";
import { UsageError } from "../failure.ts";
import { print, printJson } from "../format.ts";
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
import { Outputs } from "../outputs.ts";
import { findPictureFiles, warnOfUnreadable } from "../picture-inputs.ts";
import { pictureReader, stemOf } from "../pictures.ts";
import { Progress } from "../progress.ts";
import { roundtripJson, roundtripTable } from "../roundtrip-table.ts";
import { roundtripPage } from "../roundtrip-page.ts";
import { roundtripPicture } from "../roundtrip.ts";

interface RoundtripOptions extends ModelOptions, JsonOptions, TilingOptions, SampleOptions, PictureOptions {
  out: string;
  html?: string;
}

/** Adds its arguments, its options and what it does. */
export function addRoundtrip(command: Command): void {
  command
    .argument("<image...>", "picture files, or folders of pictures")
    .option("-o, --out <dir>", "folder for NAME.reconstruction.png; files of that name are replaced", ".")
    .option("--html <file>", "also write a page with pictures, differences, latents and histograms")
    .addHelpText(
      "after",
      "\nExamples:\n  $ vaekit roundtrip photo.jpg\n  $ vaekit roundtrip photos --model ORG/NAME --subfolder vae --html report.html",
    );
  addPictureOptions(command, "512");
  addModelOptions(command);
  addTilingOption(command);
  addSampleOptions(command);
  addJsonOption(command).action(roundtrip);
}

async function roundtrip(images: string[], options: RoundtripOptions): Promise<void> {
  sampleGenerator(options); // Refuses a seed without a sample before the long work.
  await checkTiling(options);
  const inputs = await findPictureFiles(images, options);
  const outputs = new Outputs(inputs.paths);
  const files = await claimAll(outputs, inputs.paths, options);
  const vae = await openModel(options);
  try {
    outputs.keepModel(vae, options);
    const { all, written, pages } = await roundtripAll(vae, inputs, { files, outputs, options });
    if (options.html !== undefined) await outputs.write(options.html, roundtripPage(vae, pages));
    warnOfUnreadable(inputs);
    if (options.json === true) {
      printJson({ ...roundtripJson(vae, all, written), leftOut: inputs.leftOut });
    } else print(roundtripTable(vae, all));
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
  checkAreDifferent(files, paths);
  for (const path of [...files, ...(html === undefined ? [] : [html])]) await outputs.claim(path);
  return files;
}

/** @throws UsageError with two pictures that have one name but for the folder or the extension. */
function checkAreDifferent(files: readonly string[], paths: readonly string[]): void {
  const sources = new Map<string, string>();
  for (const [index, file] of files.entries()) {
    const [one, other] = [sources.get(file), paths[index]!];
    if (one !== undefined) {
      const message = `${one} and ${other} would both be written to ${file}.`;
      throw new UsageError(`${message} Rename one, or give them to two runs.`);
    }
    sources.set(file, other);
  }
}

async function roundtripAll(
  vae: Vae,
  inputs: PictureFiles,
  to: { readonly files: readonly string[]; readonly outputs: Outputs; readonly options: RoundtripOptions },
): Promise<{ all: RoundtripMeasures[]; written: string[]; pages: RoundtripPicture[] }> {
  const { files, outputs, options } = to;
  const all: RoundtripMeasures[] = [];
  const pages: RoundtripPicture[] = [];
  const written: string[] = [];
  using progress = new Progress(inputs.paths.length * 2);
  const coding = new Coding(vae, options, progress);
  progress.task("reading the pictures");
  const read = pictureReader(vae, options);
  await inputs.checkAhead(read);
  for await (const { index, picture } of inputs.read(read)) {
    const result = await roundtripPicture(vae, picture, { ...options, coding }, progress);
    const png = await encodePng(result.reconstruction, { ownPicture: "reconstruction" });
    await outputs.write(files[index]!, png);
    written.push(files[index]!);
    all.push(result.numbers);
    if (options.html !== undefined) pages.push(await roundtripReportPicture(vae, result));
  }
  return { all, written, pages };
}
