/**
 * FLUX's packing: 2×2 squares of latents become the tokens of its transformer.
 *
 * Token i·(W/2) + j holds value z[c, 2i + dy, 2j + dx] as its feature 4c + 2dy + dx.
 *
 * @see diffusers, pipelines/flux/pipeline_flux.py, _pack_latents and _unpack_latents
 */
import { VaekitError } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkOptions, wholeNumber, type OptionKinds } from "../util/check-options.ts";

/**
 * Latents [N, C, H, W] → tokens [N, (H/2)·(W/2), 4C] of the same dtype.
 *
 * @throws INVALID_ARGUMENT when H or W is odd, or the latents are packed already.
 */
export function packLatents<D extends DType>(latents: Tensor<D>): Tensor<D> {
  checkTensor(latents, "packLatents: latents");
  const [batch = 0, channels = 0, height = 0, width = 0] = latents.shape;
  if (latents.shape.length !== 4) {
    const remedy = latents.shape.length === 3 ? " Are they packed already?" : "";
    throw invalid(
      `packLatents: expected latents [N, C, H, W], found ${formatShape(latents.shape)}.${remedy}`,
    );
  }
  if (height % 2 !== 0 || width % 2 !== 0) {
    throw invalid(
      `packLatents: expected an even height and width, found ${formatShape(latents.shape)}. Use pictures whose sides are multiples of 16.`,
    );
  }
  const out = Tensor.zeros<D>([batch, (height / 2) * (width / 2), 4 * channels], latents.dtype);
  eachValue({ batch, channels, height, width }, (unpacked, packed) => {
    out.data[packed] = latents.data[unpacked]!;
  });
  return out;
}

/** The size of the picture that tokens stand for, in pixels. */
export interface UnpackOptions {
  /** Height in pixels. */
  readonly height: number;
  /** Width in pixels. */
  readonly width: number;
  /** Pixels per latent along each side; default 8. */
  readonly vaeScaleFactor?: number;
}

const unpackKinds: OptionKinds<UnpackOptions> = {
  height: wholeNumber(1),
  width: wholeNumber(1),
  vaeScaleFactor: wholeNumber(1),
};

/**
 * Tokens [N, T, 4C] → latents [N, C, H, W], H = 2·floor(height / (2·vaeScaleFactor)): FLUX rounds pictures down
 * to multiples of 16 pixels.
 *
 * @throws INVALID_ARGUMENT when the number of tokens does not fit the picture's size.
 */
export function unpackLatents<D extends DType>(tokens: Tensor<D>, options: UnpackOptions): Tensor<D> {
  checkOptions("unpackLatents", options, unpackKinds);
  const {
    height: pixelHeight,
    width: pixelWidth,
    vaeScaleFactor = 8,
  } = (options as UnpackOptions | undefined) ?? ({} as UnpackOptions);
  for (const [name, value] of Object.entries({ height: pixelHeight, width: pixelWidth, vaeScaleFactor })) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw invalid(`unpackLatents: expected a positive whole ${name}, found ${value}.`);
  }
  checkTensor(tokens, "unpackLatents: tokens");
  const [batch = 0, count = 0, features = 0] = tokens.shape;
  if (tokens.shape.length !== 3) {
    const remedy = tokens.shape.length === 4 ? " Are they unpacked already?" : "";
    throw invalid(`unpackLatents: expected tokens [N, T, 4C], found ${formatShape(tokens.shape)}.${remedy}`);
  }
  if (features % 4 !== 0) {
    throw invalid(`unpackLatents: expected a multiple of 4 features per token, found ${features}.`);
  }
  const height = 2 * Math.floor(pixelHeight / (2 * vaeScaleFactor));
  const width = 2 * Math.floor(pixelWidth / (2 * vaeScaleFactor));
  const expected = (height / 2) * (width / 2);
  if (count !== expected) {
    const found = `found ${count}${squareHint(count, vaeScaleFactor)}`;
    throw invalid(
      `unpackLatents: expected ${expected} tokens for a picture of height ${pixelHeight} and width ${pixelWidth}, ${found}. Pass the height and width in pixels.`,
    );
  }
  const channels = features / 4;
  const out = Tensor.zeros<D>([batch, channels, height, width], tokens.dtype);
  eachValue({ batch, channels, height, width }, (unpacked, packed) => {
    out.data[unpacked] = tokens.data[packed]!;
  });
  return out;
}

/** Which size would fit, when the tokens make a square. */
function squareHint(count: number, vaeScaleFactor: number): string {
  const side = Math.sqrt(count);
  if (!Number.isInteger(side) || side === 0) return "";
  const pixels = side * 2 * vaeScaleFactor;
  return `, as a picture of height ${pixels} and width ${pixels} would have`;
}

interface Sizes {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Visits every latent value with its index in both layouts. */
function eachValue(
  { batch, channels, height, width }: Sizes,
  visit: (unpacked: number, packed: number) => void,
): void {
  let unpacked = 0;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        const rowOfTokens = (n * (height / 2) + (y >> 1)) * (width / 2);
        for (let x = 0; x < width; x++) {
          const feature = 4 * c + 2 * (y & 1) + (x & 1);
          visit(unpacked++, (rowOfTokens + (x >> 1)) * 4 * channels + feature);
        }
      }
    }
  }
}

function invalid(message: string): VaekitError {
  return new VaekitError("INVALID_ARGUMENT", message);
}
