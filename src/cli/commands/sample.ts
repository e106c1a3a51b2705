/** `vaekit sample`: a look into the latent space: pictures of random latents, ways between pictures, sums of them. */
import { extname } from "node:path";
import { Option, type Command } from "commander";
import {
  combineLatents,
  contactSheet,
  encodeImage,
  Generator,
  interpolationPath,
  interpolations,
  type Interpolation,
  type Raster,
  type Tensor,
} from "../../node/index.ts";
import { concatenate } from "../concatenate.ts";
import { note, UsageError } from "../failure.ts";
import { print, printJson } from "../format.ts";
import { openSampler, type PictureSize, type Sampler } from "../sampler.ts";
import {
  addJsonOption,
  addModelOptions,
  parseCount,
  parseSeed,
  parseSquareOrPair,
  type JsonOptions,
  type ModelOptions,
} from "../options.ts";
import { checkPixels } from "../limits.ts";
import { Outputs } from "../outputs.ts";
import { Progress } from "../progress.ts";
import { oneLine } from "../../node/report/index.ts";

interface SampleCommandOptions extends ModelOptions, JsonOptions {
  out: string;
  count?: number;
  seed?: number;
  between?: string[];
  steps?: number;
  interpolation?: Interpolation;
  add?: string[];
  subtract?: string[];
  size?: PictureSize;
  columns?: number;
  pixels?: PixelChoice;
}

const pixelChoices = ["mean", "sample"] as const;
type PixelChoice = (typeof pixelChoices)[number];

type Mode = "prior" | "between" | "arithmetic";

/** Options that mean something in one mode only. */
const modeOf = {
  count: "prior",
  seed: "prior",
  steps: "between",
  interpolation: "between",
} as const satisfies Partial<Record<keyof SampleCommandOptions, Mode>>;

/** How each mode is asked for, for messages. */
const modeNames: Record<Mode, string> = {
  prior: "random samples",
  between: "--between",
  arithmetic: "--add and --subtract",
};

const extensions = [".png", ".jpg", ".jpeg", ".webp"];
const defaultCount = 16;
const defaultSteps = 8;

/** Between the pictures of a sheet. */
const gapPixels = 2;

/** Adds its arguments, its options and what it does. */
export function addSample(command: Command): void {
  command
    .requiredOption("-o, --out <image>", "the sheet of pictures (.png, .jpg, .webp)")
    .option("--count <n>", "how many random samples (default: 16)", parseCount)
    .option(
      "--seed <n>",
      "seed of the random numbers; the same numbers as torch.manual_seed (default: 0)",
      parseSeed,
    )
    .option("--between <images...>", "two pictures: decode the way from one to the other")
    .option("--steps <n>", "pictures on the way, both ends included (default: 8)", parseCount)
    .addOption(
      new Option(
        "--interpolation <kind>",
        "slerp (along an arc) or lerp (along a line) (default: slerp)",
      ).choices(interpolations),
    )
    .option("--add <images...>", "pictures whose latents are added")
    .option("--subtract <images...>", "pictures whose latents are subtracted")
    .option(
      "--size <size>",
      "N (square) or WxH in pixels; pictures are cut to shape (default: 256)",
      parseSquareOrPair,
    )
    .addOption(
      new Option(
        "--pixels <choice>",
        "mean of p(x|z), or a sample of it, for models with a likelihood (default: mean)",
      ).choices(pixelChoices),
    )
    .option("--columns <n>", "pictures per row of the sheet", parseCount)
    .addHelpText("after", help);
  addModelOptions(command);
  addJsonOption(command).action(sample);
}

const help = `
Random samples are decoded from N(0, 1), brought to the latents' scale by the model's scaling and shift factors. The
VAEs of diffusion models are trained with almost no KL term: their latents are not distributed like that, and such
samples are textures without objects. A diffusion model is what learns their distribution. The MLP VAE that
\`vaekit train recipes/mnist.yaml\` makes, with the full KL term, draws digits.

A model that was trained with a likelihood knows how its pixels scatter around their means: --pixels sample draws each.

Sums are shown after the pictures that go into them.

Examples:
  $ vaekit sample --out samples.png
  $ vaekit sample --model runs/mnist/model --count 64 --out digits.png
  $ vaekit sample --model runs/mnist/model --pixels sample --out noisy-digits.png
  $ vaekit sample --between cat.jpg dog.jpg --steps 8 --out between.png
  $ vaekit sample --add glasses.png anna.png --subtract plain.png --out sum.png`;

async function sample(options: SampleCommandOptions): Promise<void> {
  const { out } = options;
  const mode = modeFor(options);
  if (!extensions.includes(extname(out).toLowerCase())) {
    throw new UsageError(`--out ${out}: expected a name ending in ${extensions.join(", ")}.`);
  }
  const inputs = [...(options.between ?? []), ...(options.add ?? []), ...(options.subtract ?? [])];
  const outputs = new Outputs(inputs);
  await outputs.claim(out);
  await using sampler = await openSampler(options, options.size);
  outputs.keepModel(sampler, options);
  const asked = {
    prior: options.count ?? defaultCount,
    between: options.steps ?? defaultSteps,
    arithmetic: 1,
  }[mode];
  checkPixels(mode === "between" ? `--steps ${asked}` : `--count ${asked}`, asked * sampler.pixelCount);
  if (mode === "prior" && sampler.priorNote !== undefined) note(sampler.priorNote);
  const latents = await latentsFor(mode, sampler, options);
  const pictures = await decodeAll(sampler, latents, pixelGenerator(options));
  const count = latents.shape[0]!;
  const columns = options.columns ?? (mode === "prior" ? Math.ceil(Math.sqrt(count)) : count);
  const sheet = contactSheet(pictures, { columns, gapPixels });
  await outputs.write(out, await encodeImage(sheet, out, { ownPicture: "sample sheet" }));
  const { width, height } = sheet;
  if (options.json === true) printJson({ file: out, mode, pictures: count, width, height });
  else print(`${oneLine(out)}: ${count === 1 ? "1 picture" : `${count} pictures`}, ${width}x${height}`);
}

/** @throws UsageError when the options ask for two things at once, or for half of one. */
function modeFor(options: SampleCommandOptions): Mode {
  const { between, add, subtract } = options;
  const isArithmetic = add !== undefined || subtract !== undefined;
  if (between !== undefined && isArithmetic) {
    throw new UsageError("--between and --add or --subtract are two commands; give one of them.");
  }
  if (between !== undefined && between.length !== 2) {
    throw new UsageError(`--between: expected two pictures, found ${between.length}.`);
  }
  if (isArithmetic && (add === undefined || add.length + (subtract?.length ?? 0) < 2)) {
    throw new UsageError("--add, --subtract: expected at least two pictures, one of them to add.");
  }
  if (options.steps === 1) throw new UsageError("--steps: expected at least 2, as both ends are included.");
  const mode = between !== undefined ? "between" : isArithmetic ? "arithmetic" : "prior";
  for (const [key, itsMode] of Object.entries(modeOf) as [keyof typeof modeOf, Mode][]) {
    if (options[key] === undefined || itsMode === mode) continue;
    // Pixels are drawn in every mode.
    if (key === "seed" && options.pixels === "sample") continue;
    throw new UsageError(`--${key} is for ${modeNames[itsMode]}, not for ${modeNames[mode]}. Leave it out.`);
  }
  return mode;
}

/** The latents of every picture on the sheet, [N, …]. */
async function latentsFor(
  mode: Mode,
  sampler: Sampler,
  options: SampleCommandOptions,
): Promise<Tensor<"float32">> {
  switch (mode) {
    case "prior":
      return sampler.prior(options.count ?? defaultCount, Generator.torch(options.seed ?? 0));
    case "between": {
      const [a, b] = await encodeAll(sampler, options.between!);
      return interpolationPath(a!, b!, options.steps ?? defaultSteps, options.interpolation);
    }
    case "arithmetic": {
      const { add = [], subtract = [] } = options;
      const operands = await encodeAll(sampler, [...add, ...subtract]);
      const sum = combineLatents(
        operands.map((latents, i) => ({ latents, weight: i < add.length ? 1 : -1 })),
      );
      return concatenate([...operands, sum]);
    }
  }
}

async function encodeAll(sampler: Sampler, paths: readonly string[]): Promise<Tensor<"float32">[]> {
  using progress = new Progress(paths.length);
  const latents: Tensor<"float32">[] = [];
  for (const path of paths) {
    progress.task(`${path}: encoding`);
    latents.push(await sampler.encode(path));
    progress.advance();
  }
  return latents;
}

/** What draws the pixels, where they are drawn: beside the latents' numbers, which are the same for means. */
function pixelGenerator({ pixels, seed = 0 }: SampleCommandOptions): Generator | undefined {
  return pixels === "sample" ? Generator.philox(seed) : undefined;
}

async function decodeAll(
  sampler: Sampler,
  latents: Tensor,
  generator: Generator | undefined,
): Promise<Raster[]> {
  using progress = new Progress(latents.shape[0]!);
  progress.task("decoding");
  const onProgress = (done: number, total: number): void => {
    progress.set(done, total);
  };
  return await sampler.decode(latents, onProgress, generator);
}
