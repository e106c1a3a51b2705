/**
 * The pictures that a run leaves on its way: reconstructions, samples of the prior, a way between two pictures; of a model
 * with a codebook, reconstructions.
 */
import { encodePng } from "../images/node/index.ts";
import { pictureSheet, reconstructionSheet } from "../images/picture-sheets.ts";
import { interpolationPath } from "../latents/index.ts";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { hasPosterior, type WeightsKind } from "../train/index.ts";
import type { RunLoopParts } from "./run-loop-parts.ts";
import type { TrainingData } from "./training-data.ts";

/** Pictures on the way between two. */
const interpolationSteps = 8;

/** Pixels of a picture's side in a sheet: a multiple of every common factor. */
const maxSide = 256;

/** Mean and deviation of each channel's latents: what "a sample of the prior" means for a weak KL. */
interface LatentScale {
  readonly mean: number;
  readonly std: number;
}

/** Writes the sheets of a step as PNG files and into the run's event file. */
export async function writeSampleSheets({
  run,
  engine,
  model,
  options: { recipe },
  data,
}: RunLoopParts): Promise<void> {
  const kind: WeightsKind = recipe.ema === null ? "raw" : "ema";
  const { range } = recipe.data;
  const inputs = await firstPictures(data, recipe.samples.count);
  const raw = await each(inputs, async (one) => engine.reconstruct(one, "raw"));
  const averaged =
    kind === "raw" ? undefined : await each(inputs, async (one) => engine.reconstruct(one, "ema"));
  const latents = joined((averaged ?? raw).map((result) => result.latents));
  // Rows of a codebook have no prior, and nothing lies between them; a teacher's latents are not the model's own.
  const isDrawn = hasPosterior(model.network);
  const decoded = async (z: Tensor<"float32">): Promise<Tensor<"float32">> =>
    joined(await each(rowsOf(z), async (one) => engine.decode(one, kind)));

  const sheets = {
    reconstructions: reconstructionSheet({
      inputs: joined(inputs),
      reconstructions: joined(raw.map((result) => result.reconstruction)),
      emaReconstructions: averaged && joined(averaged.map((result) => result.reconstruction)),
      range,
    }),
    ...(isDrawn
      ? {
          prior: pictureSheet(
            await decoded(priorSamples(latents, recipe.seed, model.latents === undefined)),
            range,
          ),
        }
      : {}),
    ...(latents.shape[0]! < 2 || !isDrawn
      ? {}
      : { interpolation: pictureSheet(await decoded(between(latents)), range, interpolationSteps) }),
  };
  const step = String(engine.step).padStart(6, "0");
  for (const [name, sheet] of Object.entries(sheets)) {
    const png = await encodePng(sheet, { ownPicture: "sample sheet" });
    await run.writeSample(`step-${step}-${name}.png`, png);
    run.events.image(engine.step, `samples/${name}`, png);
  }
}

/** The first validation pictures, or where there are none the first training ones, one by one: [1, ...] each. */
async function firstPictures(data: TrainingData, count: number): Promise<Tensor<"float32">[]> {
  if (!data.hasValidation) {
    const source = await data.openForReview();
    try {
      return rowsOf(cropped(await source.batch(0))).slice(0, count);
    } finally {
      await source.dispose();
    }
  }
  const pictures: Tensor<"float32">[] = [];
  for await (const batch of data.validation()) {
    pictures.push(...rowsOf(cropped(batch)));
    if (pictures.length >= count) break;
  }
  return pictures.slice(0, count);
}

/** The middle of pictures that are larger than a sheet needs. */
function cropped(pictures: Tensor<"float32">): Tensor<"float32"> {
  const [batch, channels, height, width] = pictures.shape as [number, number, number?, number?];
  if (height === undefined || width === undefined) return pictures;
  const [rows, columns] = [Math.min(height, maxSide), Math.min(width, maxSide)];
  const [top, left] = [(height - rows) >> 1, (width - columns) >> 1];
  const out = new Float32Array(batch * channels * rows * columns);
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let row = 0; row < rows; row++) {
      const start = (plane * height + top + row) * width + left;
      out.set(pictures.data.subarray(start, start + columns), (plane * rows + row) * columns);
    }
  }
  return Tensor.from(out, [batch, channels, rows, columns]);
}

/** One after another: a sheet's pictures need not fit into memory at once. */
async function each<A, B>(items: readonly A[], work: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

/** [N, ...] → N tensors [1, ...]. */
function rowsOf({ data, shape }: Tensor<"float32">): Tensor<"float32">[] {
  const [count = 0, ...rest] = shape;
  const size = data.length / count;
  return Array.from({ length: count }, (_, index) =>
    Tensor.from(data.slice(index * size, (index + 1) * size), [1, ...rest]),
  );
}

/** N tensors [1, ...] → [N, ...]. */
function joined(rows: readonly Tensor<"float32">[]): Tensor<"float32"> {
  const [first] = rows;
  const out = new Float32Array(rows.length * first!.data.length);
  rows.forEach((row, index) => {
    out.set(row.data, index * row.data.length);
  });
  return Tensor.from(out, [rows.length, ...first!.shape.slice(1)]);
}

/** Normal numbers, as the prior has them or with the latents' own mean and deviation; the same ones at every step. */
function priorSamples(latents: Tensor<"float32">, seed: number, followPrior: boolean): Tensor<"float32"> {
  const { mean, std } = followPrior ? { mean: 0, std: 1 } : scaleOf(latents);
  const noise = Generator.philox(seed).randn(latents.shape);
  return Tensor.from(
    noise.data.map((value) => value * std + mean),
    latents.shape,
  );
}

function scaleOf({ data }: Tensor<"float32">): LatentScale {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
  return { mean, std: Math.sqrt(variance) };
}

/** From the first picture's latents to the second's. */
function between(latents: Tensor<"float32">): Tensor<"float32"> {
  const [first, second] = rowsOf(latents);
  return interpolationPath(first!, second!, interpolationSteps);
}
