/**
 * LPIPS: how different two pictures look, measured in the features of a VGG-16 that was trained on photographs.
 *
 * For each of five depths: the features of every pixel are scaled to unit length over their channels, their squared
 * differences are weighted by channel, averaged over the picture, and the five results are added.
 *
 * The weights are the user's (BSD-2 heads, torchvision's VGG-16): tools/export_lpips.py writes them as safetensors.
 *
 * @see Zhang et al. 2018, The Unreasonable Effectiveness of Deep Features as a Perceptual Metric
 * @see richzhang/PerceptualSimilarity, lpips/lpips.py (version 0.1, net "vgg")
 */
import { VaekitError } from "../../errors.ts";
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { formatShape, sameShape, type Shape } from "../../tensor/shape.ts";
import type { FoundTensor, StoredTensor } from "../../tensor/stored-tensor.ts";
import { floatTensor } from "../../weights/index.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { add, check, checkSameShape, divide, meanOver, square, subtract, sumOver } from "./arithmetic.ts";

/**
 * The convolutions of VGG-16 by their place in torchvision's `features`. Each is followed by a ReLU; between two
 * depths the picture is halved by a max pool.
 */
const depths = [
  [0, 2],
  [5, 7],
  [10, 12, 14],
  [17, 19, 21],
  [24, 26, 28],
] as const;

/** LPIPS' input layer: (x - shift) / scale turns [-1, 1] into what the network was trained on. */
const shift = [-0.03, -0.088, -0.188] as const;
const scale = [0.458, 0.448, 0.45] as const;

/**
 * Inside the square root, x / √(Σ x² + ε), where the original has x / (√(Σ x²) + ε). The square root's slope is
 * infinite at 0, so the original's gradient is NaN wherever all features of a pixel are 0 (LDM issue 176); the
 * value differs by less than ε / (2 Σ x²), relatively.
 */
const unitEpsilon = 1e-10;

/** The smallest side that four halvings leave a pixel of. */
const minSide = 16;

/** LPIPS' weights, still in their file. */
export interface LpipsWeights {
  /** By depth: the convolutions' weights [out, in, 3, 3] and biases [out]. */
  readonly convolutions: readonly (readonly {
    readonly weight: StoredTensor;
    readonly bias: StoredTensor;
  }[])[];
  /** By depth: a weight for each channel [1, C, 1, 1]. */
  readonly heads: readonly StoredTensor[];
}

/**
 * Finds LPIPS' weights in one or more files, by torchvision's names (`features.0.weight`) and LPIPS' own
 * (`lin0.model.1.weight`, `net.slice1.0.weight`); other tensors are ignored.
 *
 * @param files tensors by name, as a checkpoint has them; one file may hold all.
 * @throws WEIGHTS_MISMATCH when a tensor is missing or does not fit the one before.
 */
export function findLpipsWeights(...files: readonly ReadonlyMap<string, FoundTensor>[]): LpipsWeights {
  const find = (
    names: readonly string[],
    fits: (shape: Shape) => boolean,
    expected: string,
  ): StoredTensor => {
    const found = files.flatMap((file) => names.flatMap((name) => file.get(name) ?? [])).at(0);
    if (found === undefined) {
      throw mismatch(`no tensor ${names[0]} (or ${names[1]})`);
    }
    if (!fits(found.shape)) {
      throw mismatch(`expected ${found.name} to be ${expected}, found ${formatShape(found.shape)}`);
    }
    return floatTensor(found);
  };

  let channels = 3;
  const convolutions: { weight: StoredTensor; bias: StoredTensor }[][] = [];
  const heads: StoredTensor[] = [];
  depths.forEach((places, depth) => {
    convolutions.push(
      places.map((place) => {
        const names = (part: string): string[] => [
          `features.${place}.${part}`,
          `net.slice${depth + 1}.${place}.${part}`,
        ];
        const weight = find(
          names("weight"),
          (shape) => sameShape(shape, [shape[0] ?? 0, channels, 3, 3]),
          `[C, ${channels}, 3, 3]`,
        );
        channels = weight.shape[0]!;
        const bias = find(names("bias"), (shape) => sameShape(shape, [channels]), `[${channels}]`);
        return { weight, bias };
      }),
    );
    const head = [`lin${depth}.model.1.weight`, `lins.${depth}.model.1.weight`];
    heads.push(find(head, (shape) => sameShape(shape, [1, channels, 1, 1]), `[1, ${channels}, 1, 1]`));
  });
  return { convolutions, heads };
}

function mismatch(problem: string): VaekitError {
  return new VaekitError(
    "WEIGHTS_MISMATCH",
    `The LPIPS weights do not fit: ${problem}. tools/export_lpips.py writes a file with all of them.`,
  );
}

/** A stored weight as float32, apart from the names of the model that is trained. */
function frozen(builder: GraphBuilder, stored: StoredTensor, shape: Shape = stored.shape): Value {
  const value = builder.stored({ ...stored, name: `lpips.${stored.name}` }, shape);
  return value.dtype === "float32" ? value : builder.apply("Cast", [value], { to: "float32" });
}

const byChannel = (builder: GraphBuilder, name: string, values: readonly number[]): Value =>
  builder.constant(name, Tensor.from(Float32Array.from(values), [1, values.length, 1, 1]));

/**
 * LPIPS of each pair of pictures, [N, 3, H, W] in [-1, 1] → [N]. The gradient reaches both pictures; the weights are
 * frozen.
 *
 * @throws INVALID_ARGUMENT when the pictures differ in shape, have other than 3 channels, or a side below 16.
 */
export function lpips(
  builder: GraphBuilder,
  weights: LpipsWeights,
  reconstruction: Value,
  picture: Value,
): Value {
  checkSameShape("lpips", reconstruction, picture);
  const [, channels, height = 0, width = 0] = picture.shape;
  check(
    picture.shape.length === 4 && channels === 3 && height >= minSide && width >= minSide,
    `lpips: expected pictures [N, 3, H, W] with sides of at least ${minSide}, found ${formatShape(picture.shape)}.`,
  );
  return builder.scope("lpips", () => {
    const network = prepareNetwork(builder, weights);
    const left = network(reconstruction);
    const right = network(picture);
    const distances = weights.heads.map((head, depth) => {
      const difference = square(builder, subtract(builder, left[depth]!, right[depth]!));
      // The average before the head, a linear map: the same value from H · W times fewer products.
      const averaged = meanOver(builder, difference, [2, 3]); // [N, C]
      const weight = frozen(builder, head, [head.shape[1]!, 1]);
      return builder.apply("MatMul", [averaged, weight], {}); // [N, 1]
    });
    const sum = distances.reduce((total, distance) => add(builder, total, distance));
    return builder.apply("Reshape", [sum], { shape: [picture.shape[0]!] });
  });
}

/** The network with its weights in the graph once, to be applied to several pictures. */
function prepareNetwork(builder: GraphBuilder, { convolutions }: LpipsWeights): (x: Value) => Value[] {
  const layers = convolutions.map((depth) =>
    depth.map(({ weight, bias }) => [frozen(builder, weight), frozen(builder, bias)] as const),
  );
  const shifts = byChannel(builder, "lpips.shift", shift);
  const scales = byChannel(builder, "lpips.scale", scale);
  return (x) => {
    let h = divide(builder, subtract(builder, x, shifts), scales);
    return layers.map((depth, index) => {
      if (index > 0) h = builder.apply("MaxPool", [h], { kernelShape: [2, 2], strides: [2, 2] });
      for (const [weight, bias] of depth) {
        const convolved = builder.apply("Conv", [h, weight, bias], { strides: [1, 1], pads: [1, 1, 1, 1] });
        h = builder.apply("Relu", [convolved], {});
      }
      return toUnitLength(builder, h);
    });
  };
}

/** x / √(Σ_c x² + ε): the features of each pixel, scaled to length 1. */
function toUnitLength(builder: GraphBuilder, x: Value): Value {
  const squares = sumOver(builder, square(builder, x), [1], true); // [N, 1, H, W]
  const length = builder.apply("Sqrt", [add(builder, squares, unitEpsilon)], {});
  return divide(builder, x, length);
}
