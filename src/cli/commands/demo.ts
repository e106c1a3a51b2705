/** `vaekit demo`: the first command to try; needs nothing that is not in the package. */
import { join } from "node:path";
import type { Command } from "commander";
import { AutoencoderKL, AutoencoderTiny, encodePng, psnr, type Raster, type Vae } from "../../node/index.ts";
import { Coding } from "../coding.ts";
import { warn } from "../failure.ts";
import { formatCount, formatFixed, formatMs, print, printJson } from "../format.ts";
import { addJsonOption, type JsonOptions } from "../options.ts";
import { Outputs } from "../outputs.ts";
import { samplePicture } from "../package.ts";
import { preparePicture } from "../pictures.ts";
import { Progress } from "../progress.ts";
import { roundtripJson, roundtripTable } from "../roundtrip-table.ts";
import { roundtripPage } from "../roundtrip-page.ts";
import { roundtripPicture } from "../roundtrip.ts";
import { oneLine, roundtripReportPicture, type RoundtripResult } from "../../node/report/index.ts";

interface DemoOptions extends JsonOptions {
  out: string;
}

/** Adds its arguments, its options and what it does. */
export function addDemo(command: Command): void {
  command
    .option("-o, --out <dir>", "folder for reconstruction.png, preview.png and report.html", "vaekit-demo")
    .addHelpText("after", "\nExample:\n  $ vaekit demo");
  addJsonOption(command).action(demo);
}

async function demo(options: DemoOptions): Promise<void> {
  const { out } = options;
  const reconstructionPath = join(out, "reconstruction.png");
  const previewPath = join(out, "preview.png");
  const reportPath = join(out, "report.html");
  const outputs = new Outputs();
  await outputs.claimFolder(out);
  for (const path of [reconstructionPath, previewPath, reportPath]) await outputs.claim(path);
  const vae = await AutoencoderKL.default({ onWarning: warn });
  try {
    const result = await roundtripSample(vae, options);
    const { picture, ...preview } = await previewOf(vae, result);
    const report = roundtripPage(vae, [await roundtripReportPicture(vae, result)]);
    await outputs.write(
      reconstructionPath,
      await encodePng(result.reconstruction, { ownPicture: "reconstruction" }),
    );
    await outputs.write(previewPath, await encodePng(picture, { ownPicture: "reconstruction" }));
    await outputs.write(reportPath, report);
    if (options.json === true) {
      const pictures = roundtripJson(vae, [result.numbers], [reconstructionPath]);
      printJson({ ...pictures, preview: { file: previewPath, ...preview }, report: reportPath });
      return;
    }
    print(`${roundtripTable(vae, [result.numbers])}\n`);
    print(`Reconstruction: ${oneLine(reconstructionPath)}`);
    print(`Preview:        ${oneLine(previewPath)}  (${previewText(preview)})`);
    print(`Report:         ${oneLine(reportPath)}  (open it in a browser)`);
    print("\nNext: vaekit roundtrip YOUR-PICTURE.jpg --html report.html");
  } finally {
    await vae.dispose();
  }
}

/** How well and how fast the built-in tiny model decodes. */
interface PreviewNumbers {
  readonly parameterCount: number;
  /** In decibels, against the original. */
  readonly psnr: number;
  /** Of its decoding, the making of a session included. */
  readonly decodeMs: number;
}

/** What the built-in tiny model makes of the same latents. */
async function previewOf(
  vae: Vae,
  { latents, original }: RoundtripResult,
): Promise<PreviewNumbers & { readonly picture: Raster }> {
  await using tiny = await AutoencoderTiny.default({ onWarning: warn });
  const startMs = performance.now();
  const { sample } = await tiny.decode(vae.normalizeLatents(latents));
  const decodeMs = performance.now() - startMs;
  const picture = tiny.postprocess(sample)[0]!;
  return { parameterCount: tiny.parameterCount, psnr: psnr(original, picture), decodeMs, picture };
}

function previewText({ parameterCount, psnr, decodeMs }: PreviewNumbers): string {
  return `the tiny model of ${formatCount(parameterCount)} parameters: ${formatFixed(psnr, 2)} dB in ${formatMs(decodeMs)}`;
}

async function roundtripSample(vae: Vae, options: JsonOptions): Promise<RoundtripResult> {
  using progress = new Progress(2);
  const picture = await preparePicture(samplePicture(), vae, { size: { kind: "short-side", pixels: 512 } });
  const coding = new Coding(vae, options, progress);
  return await roundtripPicture(vae, picture, { coding, seed: 0 }, progress);
}
