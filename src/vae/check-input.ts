/** The checks of what is encoded and decoded: the likely mistakes, each with its remedy. */
import { VaekitError } from "../errors.ts";
import type { ModelFacts } from "../models/index.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { withoutFrames } from "./layout.ts";

function fail(message: string): never {
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** pixels must be [N, C, H, W] with sides that the model takes, or [N, C]. @returns them as float32. */
export function checkPixels(given: Tensor, facts: ModelFacts): Tensor<"float32"> {
  const { inChannels, layout } = facts;
  const expected = `encode: expected pixels ${layoutOf(facts, inChannels, "H, W")}`;
  checkTensor(given, "encode: pixels");
  const pixels = withoutFrames(given, facts, "encode");
  const { shape } = pixels;
  checkRank(shape, facts, expected);
  if (shape[1] !== inChannels) {
    const isLast = layout === "planes" && shape[3] === inChannels;
    const isOpaque = inChannels === 4 && shape[1] === 3;
    const remedy = isLast
      ? " These look channels-last; transpose to channels-first."
      : isOpaque
        ? " The model's fourth channel is alpha: add one that is 1 everywhere, which is opaque; preprocess and encodeImage do."
        : "";
    fail(`${expected}, found ${formatShape(shape)}.${remedy}`);
  }
  if (pixels.dtype === "uint8" || pixels.dtype === "int64") {
    const range = facts.pixelRange === "signed" ? "[-1, 1]" : "[0, 1]";
    fail(
      `encode: expected float pixels in ${range}, found ${pixels.dtype}. VaeImageProcessor converts pictures.`,
    );
  }
  if (shape[0] === 0) fail(`${expected}, found the empty shape ${formatShape(shape)}.`);
  if (layout === "planes") checkSides(shape, facts, expected);
  return pixels.toFloat32();
}

/** At least one latent's worth of pixels; whole latents, where the model cuts and fills nothing. */
function checkSides(shape: Shape, { spatialFactor, sizes }: ModelFacts, expected: string): void {
  const sides = shape.slice(2);
  const least = sizes === "up" ? 1 : spatialFactor;
  if (sides.some((side) => side < least)) {
    fail(`${expected} with H and W at least ${least}, found ${formatShape(shape)}.`);
  }
  if (sizes !== "refused") return;
  const neighbours = ["H", "W"].flatMap((name, axis) => {
    const rest = sides[axis]! % spatialFactor;
    const below = sides[axis]! - rest;
    return rest === 0 ? [] : `${name} ${below} or ${below + spatialFactor}`;
  });
  if (neighbours.length === 0) return;
  fail(
    `${expected} with H and W multiples of ${spatialFactor}, found ${formatShape(shape)}. The nearest are ${neighbours.join(", ")}; VaeImageProcessor with vaeScaleFactor ${spatialFactor} resizes pictures to them.`,
  );
}

/** latents must be [N, L, h, w], or [N, L]. @returns them as float32. */
export function checkLatents(given: Tensor, facts: ModelFacts, subject = "decode"): Tensor<"float32"> {
  const channels = facts.latentChannels;
  const expected = `${subject}: expected latents ${layoutOf(facts, channels, "h, w")}`;
  checkTensor(given, `${subject}: latents`);
  const latents = withoutFrames(given, facts, subject);
  const { shape } = latents;
  if (facts.layout === "planes" && shape.length === 3 && shape[2] === 4 * channels) {
    fail(`${expected}, found ${formatShape(shape)}. These look packed (FLUX): call unpackLatents first.`);
  }
  checkRank(shape, facts, expected);
  if (shape[1] === 2 * channels) {
    fail(
      `${expected}, found ${formatShape(shape)}. These look like encoder moments: take latentDist.mode() or sample().`,
    );
  }
  if (shape[1] !== channels) fail(`${expected}, found ${formatShape(shape)}. Do they come from another VAE?`);
  if (latents.dtype === "uint8" || latents.dtype === "int64") {
    fail(`${subject}: expected float latents, found ${latents.dtype}.`);
  }
  if (shape.includes(0)) fail(`${expected}, found the empty shape ${formatShape(shape)}.`);
  return latents.toFloat32();
}

const ranks: { readonly [L in ModelFacts["layout"]]: number } = { planes: 4, rows: 2 };

function checkRank(shape: Shape, { layout }: ModelFacts, expected: string): void {
  const rank = ranks[layout];
  if (shape.length === rank) return;
  const remedy =
    shape.length === rank - 1 ? ` The batch dimension is missing: reshape to [1, ${shape.join(", ")}].` : "";
  fail(`${expected}, found ${formatShape(shape)}.${remedy}`);
}

const layoutOf = ({ layout }: ModelFacts, channels: number, sides: string): string =>
  layout === "planes" ? `[N, ${channels}, ${sides}]` : `[N, ${channels}]`;
