/** How near the model's outputs must come to diffusers'. */
import type { Tolerance } from "../matchers.ts";

/**
 * Outputs of magnitude 1 to 7 whose every element sums about 1e3 float32 products, layer upon layer, in another
 * order than PyTorch. PyTorch itself is up to 7e-6 away from float64 on these models, and faster convolutions
 * (Winograd) lose another digit. Faults show well above: another epsilon 0.1, gelu's tanh form 5e-3, queries 2 %
 * too large 1e-2.
 */
export const modelTolerance: Tolerance = { absolute: 1e-4 };
