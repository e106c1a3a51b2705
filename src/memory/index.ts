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
export { tooLittleMemory, type TooLittleMemory } from "./too-little-memory.ts";
