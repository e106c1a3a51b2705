/** The form of a graph that is right on a device. */
import type { Graph } from "../graph/index.ts";
import { fourfoldChannels } from "../rewrite/fourfold-channels.ts";
import { keptPadding } from "../rewrite/kept-padding.ts";
import { preciseGroupNorm } from "../rewrite/precise-group-norm.ts";
import { rewrite } from "../rewrite/rewriter.ts";
import type { ConcreteDevice } from "./runtime.ts";

/** What WebGPU's provider computes wrong, and not at all as precisely as others, in another way: see docs/webgpu.md. */
const rulesOfWebGpu = [preciseGroupNorm, keptPadding, fourfoldChannels];

export const graphForDevice = (graph: Graph, device: ConcreteDevice): Graph =>
  device === "webgpu" ? rulesOfWebGpu.reduce(rewrite, graph) : graph;
