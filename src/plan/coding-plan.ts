/** What is decided for one half of a model and one input size. */
import type { Half, InputSize } from "../models/index.ts";
import type { ConcreteDevice } from "../runtime/index.ts";

/** What was chosen for one input size, and what it is expected to need. */
export interface CodingPlan {
  /** The half that the plan is for. */
  readonly half: Half;
  /** Of the input: pixels for the encoder, latents for the decoder. */
  readonly size: InputSize;
  /** Where it will run. */
  readonly device: ConcreteDevice;
  /** "off": as a whole. "exact": in strips. */
  readonly tiling: "exact" | "off";
  /** Strips of the largest map; 1 for the whole. */
  readonly stripCount: number;
  /** Resident memory of the process at its peak. */
  readonly peakBytes: number;
  /** The temporary file's size; 0 without one. */
  readonly fileBytes: number;
  /** Estimated, by the planner's prices, without the making of sessions. */
  readonly seconds: number;
  /** For so many threads they are estimated: those that compute. */
  readonly threadCount: number;
}

/** What a caller asks for. */
export interface PlanOptions {
  /** As a whole, in strips, or whichever of these is faster and fits the memory. */
  readonly tiling: CodingPlan["tiling"] | "auto";
  /** What the process may hold at its peak, in bytes; most of the memory that is free by default. */
  readonly maxMemoryBytes?: number | undefined;
}
