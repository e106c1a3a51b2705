/** How a model's half is computed, as people read it. */
import type { Shape } from "../tensor/shape.ts";

/** One layer of a plan. */
export interface PlanLayer {
  /** The weights' name without `.weight`, as in `decoder.up_blocks.0.resnets.1.conv1`. */
  readonly name: string;
  /** Of its result. */
  readonly shape: Shape;
  /** `direct 3x3`, `Winograd 4x4`, `attention`, … */
  readonly algorithm: string;
  /** In how many parts it is computed. */
  readonly strips: number;
  /** Estimated, all strips together. */
  readonly seconds: number;
  /** All results that exist while the layer is computed, weights aside. */
  readonly memoryBytes: number;
}

/** How one half is computed, layer by layer. */
export interface Plan {
  /** In the order in which they are computed. */
  readonly layers: readonly PlanLayer[];
  /** Estimated, of all layers. */
  readonly seconds: number;
  /** Of the process, everything counted. */
  readonly peakBytes: number;
  /** Of the temporary file. */
  readonly fileBytes: number;
}
