/** A word about decoded values that no picture has. */
import { saturationWarning, type Tensor, type Vae } from "../node/index.ts";
import { warn } from "./failure.ts";

/** Warns when most of a decoded batch would look like a poster. */
export function warnOfSaturation(sample: Tensor, vae: Vae, file: string): void {
  const warning = saturationWarning(sample, vae.name);
  if (warning !== undefined) warn(`${file}: ${warning}`);
}
