/** What is used of onnxruntime-web. */
import type { InferenceSession, TensorConstructor } from "onnxruntime-common";
import { VaekitError } from "../../errors.ts";
import { describeValue } from "../../util/describe-value.ts";

/** The part of an onnxruntime-web entry (`/wasm`, `/webgpu`, `/jspi`) that is used here. */
export interface OrtModule {
  /** Makes sessions. */
  readonly InferenceSession: {
    /** As onnxruntime-web has it. */
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  /** Makes tensors. */
  readonly Tensor: TensorConstructor;
}

/** @throws INVALID_ARGUMENT unless it is an entry of onnxruntime-web. */
export function checkOrtModule(ort: unknown): void {
  const parts = typeof ort === "object" && ort !== null ? (ort as Partial<OrtModule>) : {};
  if (typeof parts.InferenceSession?.create === "function" && typeof parts.Tensor === "function") return;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `ort: expected an entry of onnxruntime-web, as \`await import("onnxruntime-web/wasm")\` gives, found ${describeValue(ort)}.`,
  );
}
