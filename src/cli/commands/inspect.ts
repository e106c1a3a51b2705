/** `vaekit inspect`: a model's config and parameters, or its plan, without running it; or what would run it. */
import { Option, type Command } from "commander";
import {
  compareWeights,
  describeScaling,
  VaekitError,
  type DType,
  type LatentScaling,
  type ModelFacts,
  type ParameterDescription,
  type ScaledPixels,
  type Vae,
  type WeightsComparison,
} from "../../node/index.ts";
import {
  formatBytes,
  formatCount,
  formatShape,
  formatTable,
  print,
  printJson,
  type Column,
} from "../format.ts";
import { compareModels } from "../compare-models.ts";
import { inspectRuntime } from "../inspect-runtime.ts";
import { openModel } from "../open-model.ts";
import { UsageError } from "../failure.ts";
import {
  addJsonOption,
  addModelOptions,
  parseSquareOrPair,
  type JsonOptions,
  type ModelOptions,
} from "../options.ts";
import { planReport, showPlan } from "../plan.ts";
import { oneLine, shownName } from "../../node/report/index.ts";
import { modelLabel } from "../model-label.ts";

interface InspectOptions extends ModelOptions, JsonOptions {
  plan?: boolean;
  size?: { width: number; height: number };
  half?: "encoder" | "decoder";
  runtime?: boolean;
  compare?: string;
}

interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly count: number;
  readonly byteLength: number;
}

const bytesPerElement: Readonly<Record<DType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  uint8: 1,
};

const columns: readonly Column<Parameter>[] = [
  { title: "parameter", align: "left", cell: ({ name }) => name },
  { title: "shape", align: "left", cell: ({ shape }) => formatShape(shape) },
  { title: "dtype", align: "left", cell: ({ dtype }) => dtype },
  { title: "count", cell: ({ count }) => formatCount(count) },
  { title: "bytes", cell: ({ byteLength }) => formatCount(byteLength) },
];

/** Adds its arguments, its options and what it does. */
export function addInspect(command: Command): void {
  command
    .argument("[model]", "the same as --model")
    .addHelpText(
      "after",
      "\nExamples:\n  $ vaekit inspect\n  $ vaekit inspect ae.safetensors --as flux1 --json\n  $ vaekit inspect --plan --size 2048x1024 --half decoder\n  $ vaekit inspect flux/vae --compare z-image/vae\n  $ vaekit inspect --runtime",
    );
  addModelOptions(command)
    .option("--plan", "print how a half would be computed: algorithms, time and memory of each layer")
    .option(
      "--size <size>",
      "with --plan: the picture in pixels, N or WxH (default: 1024)",
      parseSquareOrPair,
    )
    .addOption(new Option("--half <half>", "with --plan (default: decoder)").choices(["encoder", "decoder"]))
    .option(
      "--compare <model>",
      "another model: print whether both share a latent space, by decoding each one's latents with the other",
    )
    .option("--runtime", "print what computes here, and how, instead of a model");
  addJsonOption(command).action(inspect);
}

async function inspect(model: string | undefined, options: InspectOptions): Promise<void> {
  if (model !== undefined && options.model !== undefined && model !== options.model) {
    throw new UsageError(`Two models: ${model} and --model ${options.model}. Leave one of them out.`);
  }
  const asked = { ...options, model: model ?? options.model };
  if (options.runtime === true) {
    if (asked.model !== undefined || options.plan === true || options.compare !== undefined)
      throw new UsageError("--runtime is about no model. Leave the model, --plan and --compare out.");
    await inspectRuntime(options);
    return;
  }
  if (options.plan !== true && (options.size !== undefined || options.half !== undefined)) {
    throw new UsageError("--size and --half are for --plan. Add it, or leave them out.");
  }
  if (options.plan === true && options.compare !== undefined) {
    throw new UsageError("--plan and --compare are two questions. Leave one of them out.");
  }
  try {
    await using vae = await openModel(asked);
    if (options.compare !== undefined) await compareModels(vae, options.compare, asked);
    else if (options.plan === true) await plan(vae, options);
    else show(vae, options.json === true);
  } catch (error) {
    if (error instanceof VaekitError && error.code === "WEIGHTS_MISMATCH") {
      const { as, config, subfolder, variant } = asked;
      const mismatch = await compareWeights(asked.model ?? "", { as, config, subfolder, variant });
      if (mismatch !== undefined) showMismatch(mismatch, options.json === true);
    }
    throw error;
  }
}

async function plan(
  vae: Vae,
  { half = "decoder", size = sizeFor(vae), json }: InspectOptions,
): Promise<void> {
  const report = await planReport(vae, { half, ...size });
  if (json === true) printJson({ model: modelLabel(vae), ...report });
  else showPlan(report, vae.facts);
}

/** Rows have no sides. */
function sizeFor({ facts }: Vae): { width: number; height: number } {
  return facts.layout === "rows" ? { width: 1, height: 1 } : { width: 1024, height: 1024 };
}

const sized = ({ name, shape, dtype }: ParameterDescription): Parameter => {
  const count = shape.reduce((product, size) => product * size, 1);
  return { name, shape, dtype, count, byteLength: count * bytesPerElement[dtype] };
};

function show(vae: Vae, asJson: boolean): void {
  const parameters = vae.parameterTable().map(sized);
  const buffers = vae.bufferTable().map(sized);
  const tensors = [...parameters, ...buffers];
  const byteLength = tensors.reduce((sum, tensor) => sum + tensor.byteLength, 0);
  const config = vae.configText();
  const scaling = scalingOf(vae);
  const { parameterCount, spatialFactor, unexpectedTensors: unexpected } = vae;
  if (asJson) {
    const label = modelLabel(vae);
    const json: unknown = JSON.parse(config);
    printJson({
      model: label,
      config: json,
      scaling,
      pixels: vae.pixels ?? null,
      spatialFactor,
      parameterCount,
      byteLength,
      parameters,
      buffers,
      missing: [],
      unexpected,
    });
    return;
  }
  const dtypes = [...new Set(tensors.map(({ dtype }) => dtype))].join(", ");
  print(`${oneLine(modelLabel(vae))}\n\nconfig.json\n${config}`);
  print(`${formatTable(columns, tensors)}\n`);
  print(
    `${tensors.length} tensors, ${formatCount(parameterCount)} parameters, ${formatBytes(byteLength)}, ${dtypes}; ${latentsText(vae.facts)}.`,
  );
  print(
    `Latents are scaled by ${scaling === null ? "statistics that are not with this half" : describeScaling(scaling)}.`,
  );
  const pixels = pixelsText(vae.pixels);
  if (pixels !== undefined) print(`p(x|z) is ${pixels}.`);
  print(
    `Missing: none. Unexpected: ${unexpected.length === 0 ? "none" : unexpected.map(shownName).join(", ")}.`,
  );
}

/** Null for one half alone without the statistics that its class scales by. */
function scalingOf(vae: Vae): LatentScaling | null {
  try {
    return vae.scaling;
  } catch (error) {
    if (error instanceof VaekitError && error.code === "UNSUPPORTED") return null;
    throw error;
  }
}

const scaleTexts: Readonly<Record<ScaledPixels["scale"], string>> = {
  fixed: "one scale",
  optimal: "one scale",
  shared: "one learned scale",
  per_channel: "a learned scale for each channel",
  per_value: "a scale for each value, from the decoder",
};

/** Undefined where the model gives pixels and no distribution of them. */
function pixelsText(pixels: Vae["pixels"]): string | undefined {
  if (typeof pixels !== "object") return pixels;
  if (pixels.distribution === "categorical") return `categorical, over ${pixels.levels} levels`;
  return `${pixels.distribution.replace("_", " ")}, with ${scaleTexts[pixels.scale]}`;
}

function latentsText({ layout, inChannels, latentChannels, spatialFactor }: ModelFacts): string {
  return layout === "rows"
    ? `${latentChannels} latents for a row of ${inChannels} values`
    : `one latent covers ${spatialFactor}x${spatialFactor} pixels`;
}

function showMismatch({ missing, unexpected, wrongShape }: WeightsComparison, asJson: boolean): void {
  if (asJson) {
    printJson({ missing, unexpected, wrongShape });
    return;
  }
  const section = (title: string, lines: readonly string[]): void => {
    if (lines.length > 0)
      print(`${title} (${lines.length}):\n${lines.map((line) => `  ${line}`).join("\n")}`);
  };
  section("Missing", missing.map(shownName));
  section("Of another shape", wrongShape.map(oneLine));
  section("Unexpected", unexpected.map(shownName));
}
