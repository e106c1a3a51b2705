/**
 * The codebook of a VQModel: the nearest row for each latent, and rows by their numbers. On the host: a picture has a few
 * thousand latents, and most pipelines never quantise.
 *
 * @see van den Oord et al. 2017, Neural Discrete Representation Learning
 * @see diffusers, models/autoencoders/vq_model.py (VectorQuantizer)
 */
import { VaekitError } from "../errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** What a quantiser made of latents. */
export interface Quantized {
  /** The rows in the latents' places, float32 [N, E, h, w]. */
  readonly quantized: Tensor<"float32">;
  /** The number of each row, int64 [N, h, w]. */
  readonly indices: Tensor<"int64">;
  /** mean((row - z)²) · (1 + beta), float32 []. */
  readonly commitLoss: Tensor<"float32">;
}

/** What the commitment of the encoder counts beside that of the codebook. VQModel has no key for it. */
const beta = 0.25;

/**
 * The nearest row for each latent, by Euclidean distance; of equally near ones the first.
 *
 * @param latents float32 [N, E, h, w].
 * @param codebook float32 [rows, E].
 */
export function quantize(latents: Tensor<"float32">, codebook: Tensor<"float32">): Quantized {
  const [batch, size, height, width] = latents.shape as [number, number, number, number];
  const [z, rows] = [latents.data, codebook.data];
  const area = height * width;
  const quantized = new Float32Array(z.length);
  const indices = new BigInt64Array(batch * area);
  const latent = new Float64Array(size);
  let squares = 0;
  for (let place = 0; place < batch * area; place++) {
    const first = Math.floor(place / area) * size * area + (place % area);
    for (let i = 0; i < size; i++) latent[i] = z[first + i * area]!;
    const index = nearestRow(latent, rows);
    indices[place] = BigInt(index);
    for (let i = 0; i < size; i++) {
      const difference = Math.fround(rows[index * size + i]! - latent[i]!);
      squares += difference * difference;
      // As the straight-through estimator computes it: the row, up to one rounding.
      quantized[first + i * area] = latent[i]! + difference;
    }
  }
  const loss = (squares / z.length) * (1 + beta);
  return {
    quantized: Tensor.from(quantized, latents.shape),
    indices: Tensor.from(indices, [batch, height, width], "int64"),
    commitLoss: Tensor.from(Float32Array.of(loss), []),
  };
}

function nearestRow(latent: Float64Array, rows: Float32Array): number {
  const size = latent.length;
  let nearest = 0;
  let least = Infinity;
  for (let row = 0, start = 0; start < rows.length; row++, start += size) {
    let distance = 0;
    for (let i = 0; i < size && distance < least; i++) {
      const difference = latent[i]! - rows[start + i]!;
      distance += difference * difference;
    }
    if (distance >= least) continue;
    nearest = row;
    least = distance;
  }
  return nearest;
}

/**
 * Rows by their numbers.
 *
 * @param indices int64, as many as places.
 * @param codebook float32 [rows, E].
 * @param places [N, h, w].
 * @returns float32 [N, E, h, w].
 * @throws INVALID_ARGUMENT for a number that is no row's.
 */
export function rowsOf(
  indices: Tensor<"int64">,
  codebook: Tensor<"float32">,
  [batch, height, width]: readonly [number, number, number],
): Tensor<"float32"> {
  const [count, size] = codebook.shape as [number, number];
  const area = height * width;
  const out = new Float32Array(batch * size * area);
  indices.data.forEach((index, place) => {
    const row = Number(index);
    if (row < 0 || row >= count) {
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `decode: expected numbers of the codebook's rows, 0 to ${count - 1}, found ${row}.`,
      );
    }
    const first = Math.floor(place / area) * size * area + (place % area);
    for (let i = 0; i < size; i++) out[first + i * area] = codebook.data[row * size + i]!;
  });
  return Tensor.from(out, [batch, size, height, width]);
}

/**
 * Where numbers of rows stand.
 *
 * @param shape [N, h, w, E] as diffusers has it; left out where the numbers themselves are [N, h, w].
 * @throws INVALID_ARGUMENT when it is no such shape, or holds another number of places.
 */
export function placesOf(
  indices: Tensor<"int64">,
  rowSize: number,
  shape: readonly number[] | undefined,
): readonly [number, number, number] {
  const own = indices.shape.length === 3 ? [...indices.shape, rowSize] : undefined;
  const found = shape ?? own;
  const [batch = 0, height = 0, width = 0, size] = found ?? [];
  const fits = found?.length === 4 && size === rowSize && batch * height * width === indices.data.length;
  if (fits) return [batch, height, width];
  const what = shape === undefined ? `indices of shape ${formatShape(indices.shape)}` : formatShape(shape);
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `decode: expected shape [N, h, w, ${rowSize}] with as many places as there are indices, ${indices.data.length}, found ${what}. Indices [N, h, w] need no shape.`,
  );
}
