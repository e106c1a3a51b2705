export {
  estimateGraph,
  floatBytes,
  memoryConstants,
  storedBytes,
  sumOf,
  type Estimate,
  type EstimateOptions,
} from "./estimate.ts";
export { liveBytes, peakBytes, type LivenessOptions } from "./liveness.ts";
