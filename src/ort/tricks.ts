/**
 * What vaekit does with ONNX Runtime that its documentation does not promise, by name. Each one is probed before it is used, has a
 * plain way to fall back on, and can be switched off: docs/architecture.md, "What vaekit uses of ONNX
 * Runtime beyond its documentation".
 */

/** The name of a feature of ONNX Runtime that its documentation does not promise. */
export type TrickName =
  | "blocked-layout"
  | "grouped-gradients"
  | "fused-operators"
  | "shared-arena"
  | "uncopied-results"
  | "mapped-weights"
  | "session-hints";

/** Each with what it does, for people who look at a runtime. */
export const tricks: { readonly [T in TrickName]: string } = {
  "blocked-layout": "convolutions on channels that lie together in blocks",
  "grouped-gradients": "gradients of kernels as convolutions of groups, in blocks",
  "fused-operators": "one operator for several nodes, and sessions without optimisers",
  "shared-arena": "one memory for the temporaries of all strips",
  "uncopied-results": "results in arrays of our own, without a copy",
  "mapped-weights": "weights that stay in their file, mapped",
  "session-hints": "how long threads wait for more work; no optimiser that copies weights",
};

export const trickNames = Object.keys(tricks) as readonly TrickName[];

/** Those that only the processor has; the others are the same on every device. */
export const processorOnly: ReadonlySet<TrickName> = new Set<TrickName>([
  "blocked-layout",
  "grouped-gradients",
  "fused-operators",
  "shared-arena",
]);

/** What became of one. */
export interface TrickDescription {
  /** Its name, as in VAEKIT_ORT. */
  readonly name: TrickName;
  /** What it does. */
  readonly what: string;
  /** Whether it is used here. */
  readonly state: "on" | "switched off" | "not available";
  /** Why it is not on. */
  readonly reason?: string;
}
