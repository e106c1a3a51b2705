/** What every module needs to put itself into a graph: the builder and the weights. */
import type { GraphBuilder, Value } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";

export interface ModuleContext {
  readonly builder: GraphBuilder;
  /** Writes layers in the form whose gradient is cheapest, where that is another than the fastest to run. */
  readonly isTraining?: boolean;
  /**
   * The float32 value of the parameter `name`, of shape `shape` in the checkpoint; `viewShape` reads the same
   * numbers under another shape (a Linear weight as a 1x1 convolution).
   */
  parameter(name: string, shape: Shape, viewShape?: Shape): Value;
}
