/** What is used of onnxruntime-web. */
import type { InferenceSession, TensorConstructor } from "onnxruntime-common";

/** The part of an onnxruntime-web entry (`/wasm`, `/webgpu`, `/jspi`) that is used here. */
export interface OrtModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}
