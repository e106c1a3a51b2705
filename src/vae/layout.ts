/** Rows: models whose pictures have no sides, [N, C]. Elsewhere they are pictures of one pixel. */
import { VaekitError } from "../errors.ts";
import type { ModelFacts } from "../models/index.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { CodingOptions } from "./options.ts";

/**
 * Rows [N, L] as [N, L, 1, 1]; planes as they are.
 *
 * @throws INVALID_ARGUMENT for other rows.
 */
export function latentsAsPlanes(latents: Tensor, { layout, latentChannels }: ModelFacts): Tensor {
  if (layout === "planes") return latents;
  checkTensor(latents, "latents");
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
