/** Tensors on their way to the runtime's thread and back. */
import { invariant } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { TensorMessage } from "./protocol.ts";

export const toMessages = (tensors: Readonly<Record<string, Tensor>>): Record<string, TensorMessage> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toMessage(tensor)]));

export const buffersOf = (messages: Readonly<Record<string, TensorMessage>>): ArrayBuffer[] =>
  Object.values(messages).map(({ data }) => data.buffer);

export const toTensors = (messages: Readonly<Record<string, TensorMessage>>): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(messages).map(([name, { data, shape, dtype }]) => [name, Tensor.from(data, shape, dtype)]),
  );

/** A copy: the message's buffer moves to the other thread, and the caller keeps the tensor. */
function toMessage({ dtype, data, shape }: Tensor): TensorMessage {
  invariant(dtype !== "float16" && dtype !== "bfloat16", `a graph has no ${dtype} input`);
  return { dtype, data: data.slice() as TensorMessage["data"], shape };
}
