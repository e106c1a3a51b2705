/**
 * Layouts other than planes [N, C, H, W]. Rows: models whose pictures have no sides, [N, C]; elsewhere they are pictures of one
 * pixel. Frames: models of videos, of which one frame is a picture.
 */
import { VaekitError } from "../errors.ts";
import type { ModelFacts } from "../models/index.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { CodingOptions } from "./options.ts";

/**
 * One frame [N, C, 1, H, W] of a model of videos as a picture [N, C, H, W]; all else as it is.
 *
 * @param subject the call, for messages.
 * @throws UNSUPPORTED for several frames.
 */
export function withoutFrames(x: Tensor, { isOfFrames }: ModelFacts, subject: string): Tensor {
  const { shape } = x;
  if (isOfFrames !== true || shape.length !== 5) return x;
  const [batch, channels, frames, height, width] = shape as [number, number, number, number, number];
  if (frames === 1) return x.reshape([batch, channels, height, width]);
  const expected = `[N, ${channels}, 1, ${height}, ${width}] or [N, ${channels}, ${height}, ${width}]`;
  const message = `${subject}: video: not supported; expected one frame, ${expected}, found ${formatShape(shape)}. Pass one frame at a time.`;
  throw new VaekitError("UNSUPPORTED", message);
}

/**
 * Rows [N, L] as [N, L, 1, 1], and one frame [N, L, 1, h, w] as a picture; planes as they are.
 *
 * @throws INVALID_ARGUMENT for other rows; UNSUPPORTED for several frames.
 */
export function latentsAsPlanes(latents: Tensor, facts: ModelFacts): Tensor {
  const { layout, latentChannels } = facts;
  checkTensor(latents, "latents");
  if (layout === "planes") return withoutFrames(latents, facts, "latents");
  const { shape } = latents;
  if (shape.length === 2 && shape[1] === latentChannels) return latents.reshape([...shape, 1, 1]);
  const message = `latents: expected [N, ${latentChannels}], found ${formatShape(shape)}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/**
 * The options as a model's layout allows them: rows go as a whole, since they have no sides to cut.
 *
 * @throws INVALID_ARGUMENT for strips and tiles of rows.
 */
export function optionsForLayout(
  options: CodingOptions,
  { layout }: ModelFacts,
  className: string,
): CodingOptions {
  const { tiling = "auto" } = options;
  if (layout === "planes") return options;
  if (tiling === "auto" || tiling === "off") return { ...options, tiling: "off" };
  const message = `tiling: expected "auto" or "off" for ${className}, whose pictures have no sides to cut, found "${tiling}".`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}
