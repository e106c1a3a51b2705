/**
 * What is said when a result is not finite: whose fault it is, and where it begins. A picture of such values would be
 * black, or of 0 and 255 only, without a word. Nothing of this runs while results are finite.
 */
import { VaekitError } from "../errors.ts";
import type { Graph } from "../graph/index.ts";
import type { Runtime } from "../runtime/index.ts";
import { firstNonFinite } from "../tensor/finite.ts";
import type { Shape } from "../tensor/shape.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { readTensor } from "../weights/index.ts";
import { crop } from "./crop.ts";
import type { Half } from "./options.ts";
import { firstNonFiniteLayer, probingBytes } from "./probe-layers.ts";

type Planes = Tensor<"float32">;

/** Half of a model, as far as its faults can be looked for. */
export interface Suspect {
  /** The model's, for messages. */
  readonly name: string;
  readonly half: Half;
  readonly runtime: Runtime;
  /** The half's plain graph for an input of this shape. */
  readonly graphOf: (shape: Shape) => Graph;
  /** Sides of the input are multiples of this. */
  readonly sideUnit: number;
}

/** One pass of a batch through the model. */
export interface Pass {
  readonly input: Planes;
  readonly result: Planes;
  /** The caller's whole batch, of which the input may be a picture or a tile. */
  readonly batch: Planes;
  /** The number in the caller's batch of the first picture. */
  readonly firstPicture: number;
}

/** Results of all layers that are held at once while layers are looked at, at most. */
const maxProbingBytes = 2 ** 29;

/** Units along a side of the first part of a picture that is looked at; then twice, four times as many. */
const firstSide = 8;

/**
 * @throws NOT_FINITE when the result holds NaN or infinite values, with the picture, the first layer and the weights;
 *   INVALID_ARGUMENT when the input does.
 */
export async function checkFiniteResult(suspect: Suspect, pass: Pass): Promise<void> {
  const index = firstNonFinite(pass.result);
  if (index === undefined) return;
  checkFiniteInput(suspect.half, pass.batch);
  const { name, half } = suspect;
  const picture = Math.floor(index / sizeOfSample(pass.result));
  const layer = await findLayer(suspect, pass, index);
  const damaged = await damagedWeights(suspect.graphOf([1, ...pass.input.shape.slice(1)]));
  const of = pass.batch.shape[0] === 1 ? "" : ` for picture ${pass.firstPicture + picture} of the batch`;
  const found = formatValue(pass.result.data[index]!);
  const begin = layer === undefined ? "" : ` The first layer with such values is ${layer}.`;
  const message = `${name}: expected finite numbers from the ${half}, found ${found}${of}.${begin} ${causeText(damaged)}`;
  throw new VaekitError("NOT_FINITE", message);
}

/**
 * @param subject what holds the weights, for the message.
 * @throws NOT_FINITE with the first of the tensors that hold NaN or infinite values.
 */
export function checkFiniteWeights(subject: string, tensors: ReadonlyMap<string, Tensor>): void {
  const damaged = [...tensors].filter(([, tensor]) => firstNonFinite(tensor) !== undefined);
  if (damaged.length === 0) return;
  const names = damaged.map(([name]) => name);
  throw new VaekitError("NOT_FINITE", `${subject}: expected finite weights. ${causeText(names)}`);
}

function causeText(damaged: readonly string[]): string {
  const [first] = damaged;
  if (first === undefined) {
    return "The weights are finite, so the values grow beyond float32: check that these are the weights of a trained model, and the range of the input.";
  }
  const more = damaged.length === 1 ? "" : ` and ${damaged.length - 1} more tensors`;
  const holds = damaged.length === 1 ? "holds" : "hold";
  return `The weights are damaged: ${first}${more} ${holds} NaN or infinite values. Get the file again, and in float32 if it was converted to float16.`;
}

/** The caller's mistake is not the model's. */
function checkFiniteInput(half: Half, batch: Planes): void {
  const index = firstNonFinite(batch);
  if (index === undefined) return;
  const [what, method] = half === "encoder" ? ["pixels", "encode"] : ["latents", "decode"];
  const place = placeOf(index, batch.shape).join(", ");
  const found = formatValue(batch.data[index]!);
  const message = `${method}: expected finite ${what}, found ${found} at [${place}].`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** Looks at parts of the picture around the fault, each larger than the one before, until one shows it. */
async function findLayer(
  { runtime, graphOf, sideUnit }: Suspect,
  { input, result }: Pass,
  index: number,
): Promise<string | undefined> {
  const picture = pictureOf(input, Math.floor(index / sizeOfSample(result)));
  const place = placeOf(index % sizeOfSample(result), result.shape.slice(1));
  for (const part of partsAround(picture, place, result.shape, sideUnit)) {
    const graph = graphOf(part.shape);
    if (probingBytes(graph) > maxProbingBytes) return undefined;
    const layer = await firstNonFiniteLayer(runtime, graph, part);
    if (layer !== undefined) return layer;
  }
  return undefined;
}

/** A vector is one part; a picture [1, C, H, W] gives squares around the place, and itself at last. */
function* partsAround(picture: Planes, place: Shape, result: Shape, sideUnit: number): Generator<Planes> {
  const [, , height, width] = picture.shape as [number, number, number?, number?];
  if (height === undefined || width === undefined) {
    yield picture;
    return;
  }
  for (let units = firstSide; units * sideUnit < Math.max(height, width); units *= 2) {
    const rows = Math.min(height, units * sideUnit);
    const columns = Math.min(width, units * sideUnit);
    const top = startOf(place[1]! / result[2]!, rows, height, sideUnit);
    const left = startOf(place[2]! / result[3]!, columns, width, sideUnit);
    yield crop(picture, top, left, rows, columns);
  }
  yield picture;
}

/** Where a part of `length` begins that has a place, a fraction of the whole side, in its middle. */
function startOf(fraction: number, length: number, side: number, unit: number): number {
  const start = Math.floor((fraction * side - length / 2) / unit) * unit;
  return Math.max(0, Math.min(start, side - length));
}

/** The names of the weights that a graph reads which are not finite; they are read one by one. */
async function damagedWeights({ initializers }: Graph): Promise<string[]> {
  const stored = initializers.flatMap(({ data }): StoredTensor[] => ("stored" in data ? [data.stored] : []));
  const damaged: string[] = [];
  for (const tensor of stored) {
    if (firstNonFinite(await readTensor(tensor)) !== undefined) damaged.push(tensor.name);
  }
  return damaged;
}

function pictureOf({ data, shape }: Planes, picture: number): Planes {
  const [batch, ...rest] = shape;
  const size = data.length / batch!;
  return Tensor.from(data.subarray(picture * size, (picture + 1) * size), [1, ...rest]);
}

const sizeOfSample = ({ size, shape }: Planes): number => size / shape[0]!;

/** The indices along each dimension of an element. */
function placeOf(index: number, shape: Shape): number[] {
  const place: number[] = [];
  let rest = index;
  for (const length of [...shape].reverse()) {
    place.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return place;
}

const formatValue = (value: number): string => (Number.isNaN(value) ? "NaN" : String(value));
