/** The form of a graph that is right on a device. */
import type { Graph } from "../graph/index.ts";
import { preciseGroupNorm } from "../rewrite/precise-group-norm.ts";
import { rewrite } from "../rewrite/rewriter.ts";
import type { ConcreteDevice } from "./runtime.ts";

/** WebGPU's InstanceNormalization takes the variance as mean(x²) - mean(x)²: see docs/webgpu.md. */
export const graphForDevice = (graph: Graph, device: ConcreteDevice): Graph =>
  device === "webgpu" ? rewrite(graph, preciseGroupNorm) : graph;
