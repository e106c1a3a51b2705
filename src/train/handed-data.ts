/** Pictures that a program hands over: all of them as one tensor, or batch by batch. */
import { shuffledOrder, TensorBatches, type BatchSource, type ExampleOrder } from "../data/index.ts";
import { VaekitError } from "../errors.ts";
import type { ModelFacts } from "../models/index.ts";
import type { PictureSize, Recipe } from "../recipe/index.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Pictures [N, C, H, W], or rows [N, D] for an mlp, in the recipe's range; or a function that gives batch `index`, counted from 0 over the
 * whole run.
 */
export type HandedData = Tensor | ((index: number) => Tensor | Promise<Tensor>);

/** The first pictures, which tell the size of all. */
export async function firstPictures(data: HandedData): Promise<Tensor<"float32">> {
  const first: unknown = typeof data === "function" ? await data(0) : data;
  checkTensor(first, "Trainer: data");
  const { shape } = first;
  if ((shape.length === 2 || shape.length === 4) && shape.every((size) => size > 0)) return first.toFloat32();
  throw wrongShape("pictures [N, C, H, W], or rows [N, D]", shape);
}

/** What a recipe calls the size of these pictures; of rows, each value is a channel. */
export function sizeOf({ shape }: Tensor): PictureSize {
  const [, channels = 1, height = 1, width = 1] = shape;
  return { channels, height, width };
}

/** Batches for the trainer: checked, in the model's layout. */
export class HandedBatches {
  readonly #data: HandedData;
  readonly #size: PictureSize;
  readonly #facts: ModelFacts;
  readonly #source: BatchSource | undefined;
  readonly #batchSize: number;
  readonly #bounds: Bounds | undefined;

  /**
   * @param first of {@link firstPictures}.
   * @param order of the examples of a tensor, where the run draws it itself.
   * @throws INVALID_ARGUMENT when a tensor holds fewer pictures than a batch.
   */
  constructor(
    data: HandedData,
    first: Tensor<"float32">,
    recipe: Recipe,
    { facts, order }: { readonly facts: ModelFacts; readonly order: ExampleOrder | undefined },
  ) {
    this.#data = data;
    this.#size = sizeOf(first);
    this.#facts = facts;
    this.#batchSize = recipe.batchSize;
    this.#bounds = boundsOf(recipe);
    this.#source =
      typeof data === "function"
        ? undefined
        : new TensorBatches(first, {
            batchSize: recipe.batchSize,
            keepLast: recipe.data.keepLast,
            order: order ?? shuffledOrder(recipe.seed),
          });
    this.laidOut(first);
  }

  /** Undefined for a function: nobody knows how many batches it has. */
  get batchesPerEpoch(): number | undefined {
    return this.#source?.batchesPerEpoch;
  }

  /** The batch `index`, counted from 0 over all epochs. @throws INVALID_ARGUMENT when it is of another size. */
  async batch(index: number): Promise<Tensor<"float32">> {
    if (this.#source !== undefined) return this.laidOut(await this.#source.batch(index));
    const batch: unknown = await (this.#data as Exclude<HandedData, Tensor>)(index);
    checkTensor(batch, `Trainer: data: batch ${index}`);
    return this.laidOut(batch.toFloat32());
  }

  /** The first pictures again, for what is measured at the end: batches in the order of the tensor, or of the function. */
  review(first: Tensor<"float32">): Pick<BatchSource, "batch" | "batchesPerEpoch"> {
    if (this.#source === undefined) {
      return { batchesPerEpoch: Infinity, batch: (index) => this.batch(index) };
    }
    const order: ExampleOrder = (_, count) => Uint32Array.from({ length: count }, (_each, index) => index);
    const source = new TensorBatches(first, { batchSize: this.#batchSize, keepLast: true, order });
    return {
      batchesPerEpoch: source.batchesPerEpoch,
      batch: async (index) => this.laidOut(await source.batch(index)),
    };
  }

  /** Pictures as the model takes them. @throws INVALID_ARGUMENT when they are of another shape, or outside of what the loss is defined for. */
  laidOut(pictures: Tensor<"float32">): Tensor<"float32"> {
    if (this.#bounds !== undefined) checkBounds(pictures, this.#bounds);
    const { channels, height, width } = this.#size;
    const { layout, spatialFactor: factor } = this.#facts;
    const [count = 0, foundChannels, ...sides] = pictures.shape;
    if (layout === "rows") {
      const size = channels * height * width;
      if (count === 0 || pictures.data.length !== count * size) {
        throw wrongShape(`pictures of ${size} values each, [N, ${size}]`, pictures.shape);
      }
      return pictures.reshape([count, size]);
    }
    const fits = sides.length === 2 && sides.every((side) => side > 0 && side % factor === 0);
    if (count > 0 && foundChannels === channels && fits) return pictures;
    throw wrongShape(
      `pictures [N, ${channels}, H, W] with sides that are multiples of ${factor}`,
      pictures.shape,
    );
  }
}

/** The values that a loss is defined for. */
interface Bounds {
  readonly lowest: number;
  readonly highest: number;
  /** The recipe's key that says so. */
  readonly key: string;
}

/** Undefined where the loss takes any number. */
function boundsOf({ loss, data }: Recipe): Bounds | undefined {
  if ((loss.reconstruction.bce ?? 0) > 0) return { lowest: 0, highest: 1, key: "loss.reconstruction bce" };
  const { likelihood } = loss;
  if (likelihood === null || likelihood.distribution === "normal") return undefined;
  return {
    lowest: data.range === "signed" ? -1 : 0,
    highest: 1,
    key: `loss.likelihood ${likelihood.distribution}`,
  };
}

function checkBounds({ data }: Tensor<"float32">, { lowest, highest, key }: Bounds): void {
  const outside = data.find((value) => value < lowest || value > highest);
  if (outside === undefined) return;
  const message = `Trainer: data: expected values from ${lowest} to ${highest}, as ${key} needs them, found ${outside}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

function wrongShape(expected: string, found: Shape): VaekitError {
  return new VaekitError(
    "INVALID_ARGUMENT",
    `Trainer: data: expected ${expected}, found ${formatShape(found)}.`,
  );
}
