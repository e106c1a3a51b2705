/** `vaekit export`: both halves as .onnx files that need nothing else. */
import { join } from "node:path";
import { Option, type Command } from "commander";
import type { Vae } from "../../node/index.ts";
import { UsageError } from "../failure.ts";
import { formatBytes, formatShape, print, printJson } from "../format.ts";
import { checkPixels } from "../limits.ts";
import { openModel } from "../open-model.ts";
import {
  addJsonOption,
  addModelOptions,
  parseCount,
  type JsonOptions,
  type ModelOptions,
} from "../options.ts";
import { Outputs } from "../outputs.ts";
import { Progress } from "../progress.ts";
import { oneLine } from "../../node/report/index.ts";

interface ExportOptions extends ModelOptions, JsonOptions {
  out: string;
  height: number;
  width: number;
  batch: number;
  half: "both" | Half;
}

type Half = "encoder" | "decoder";

/** Adds its arguments, its options and what it does. */
export function addExport(command: Command): void {
  command
    .requiredOption("-o, --out <dir>", "folder for the files")
    .option("--height <pixels>", "height of the pictures", parseCount, 512)
    .option("--width <pixels>", "width of the pictures", parseCount, 512)
    .option("--batch <n>", "pictures at a time", parseCount, 1)
    .addOption(
      new Option("--half <half>", "what to write").choices(["both", "encoder", "decoder"]).default("both"),
    )
    .addHelpText("after", "\nExample:\n  $ vaekit export --out onnx --height 512 --width 768");
  addModelOptions(command);
  addJsonOption(command).action(exportOnnx);
}

async function exportOnnx(options: ExportOptions): Promise<void> {
  const halves: Half[] = options.half === "both" ? ["encoder", "decoder"] : [options.half];
  const files = halves.map((half) => join(options.out, `vae_${half}.onnx`));
  const outputs = new Outputs();
  await outputs.claimFolder(options.out);
  for (const file of files) await outputs.claim(file);
  const vae = await openModel(options);
  try {
    outputs.keepModel(vae, options);
    checkSize(vae, options);
    const written = await writeHalves(vae, halves, { files, outputs, options });
    if (options.json === true) printJson({ files: written });
    else
      for (const { file, byteLength, input } of written)
        print(`${oneLine(file)}: input ${input}, ${formatBytes(byteLength)}`);
  } finally {
    await vae.dispose();
  }
}

function checkSize({ facts, spatialFactor }: Vae, { batch, height, width }: ExportOptions): void {
  if (facts.layout === "rows") {
    checkPixels(`--batch ${batch}`, batch * facts.inChannels);
    return;
  }
  for (const [flag, pixels] of [
    ["--height", height],
    ["--width", width],
  ] as const) {
    if (pixels % spatialFactor === 0) continue;
    throw new UsageError(
      `${flag}: expected a multiple of ${spatialFactor}, the pixels per latent, found ${pixels}.`,
    );
  }
  checkPixels(`--batch ${batch} of ${width}x${height}`, batch * height * width);
}

async function writeHalves(
  vae: Vae,
  halves: readonly Half[],
  to: { readonly files: readonly string[]; readonly outputs: Outputs; readonly options: ExportOptions },
): Promise<{ file: string; byteLength: number; input: string }[]> {
  const { files, outputs, options } = to;
  const { batch, height, width } = options;
  const written: { file: string; byteLength: number; input: string }[] = [];
  using progress = new Progress(halves.length);
  for (const [i, half] of halves.entries()) {
    const file = files[i]!;
    progress.task(file);
    const scale = half === "encoder" ? 1 : vae.spatialFactor;
    const isRow = vae.facts.layout === "rows";
    // Rows have no sides.
    const size = { batch, height: isRow ? 1 : height / scale, width: isRow ? 1 : width / scale };
    const channels = half === "encoder" ? vae.facts.inChannels : vae.facts.latentChannels;
    const bytes = await vae.exportOnnx(half, size);
    await outputs.write(file, bytes);
    const input = formatShape([batch, channels, ...(isRow ? [] : [size.height, size.width])]);
    written.push({ file, byteLength: bytes.byteLength, input });
    progress.advance();
  }
  return written;
}
