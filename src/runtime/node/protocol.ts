/** The messages between a program and the thread in which ONNX Runtime works. */
import type { InferenceSession } from "onnxruntime-node";

/** A tensor on its way between threads; ONNX Runtime and vaekit name these dtypes alike. */
export interface TensorMessage {
  dtype: "float32" | "int64" | "uint8";
  data: Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
  shape: readonly number[];
}

export type Request = { id: number; session: number } & (
  | { kind: "create"; model: Uint8Array; options: InferenceSession.SessionOptions }
  | { kind: "run"; inputs: Record<string, TensorMessage> }
  | { kind: "release" }
);

/** What a request carries before it has a number. */
export type RequestBody = Request extends infer Each
  ? Each extends Request
    ? Omit<Each, "id">
    : never
  : never;

export type Response = { id: number; value: Record<string, TensorMessage> } | { id: number; error: string };
