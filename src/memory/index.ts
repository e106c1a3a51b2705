export {
  estimateGraph,
  floatBytes,
  sumOf,
  weightBytes,
  type Estimate,
  type EstimateOptions,
} from "./estimate.ts";
export { liveBytes, peakBytes, type LivenessOptions } from "./liveness.ts";
export { nativeMemory, wasmMemory, type MemoryModel } from "./memory-model.ts";
export { beyondEngine, tooLittleMemory, type TooLittleMemory } from "./too-little-memory.ts";
