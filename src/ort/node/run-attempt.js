/**
 * Runs a tiny model once, in guarded arrays: an operator that writes beside its result is found out, and does no harm. Plain JavaScript, as is the worker that uses it.
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { GuardedArray } from "./guarded-array.js";
import { runInto } from "./run-into.js";

/** @typedef {import("../../runtime/node/protocol.ts").TensorMessage} TensorMessage */

/** @param {readonly number[]} shape */
const sizeOf = (shape) => shape.reduce((product, length) => product * length, 1);

/** @typedef {Extract<import("../../runtime/node/protocol.ts").Request, { kind: "attempt" }>} Request */

/**
 * @param {Pick<Request, "model" | "options" | "inputs" | "outputs" | "endsUnreturned">} request
 * @returns {Promise<Record<string, TensorMessage>>}
 */
export async function runAttempt({ model, options, inputs, outputs, endsUnreturned }) {
  const session = await InferenceSession.create(model, options);
  try {
    /** @type {GuardedArray[]} */
    const arrays = [];
    /** @param {readonly number[]} shape */
    const guarded = (shape) => {
      const array = new GuardedArray(sizeOf(shape));
      arrays.push(array);
      return new Tensor("float32", array.data, shape);
    };
    /** @type {Record<string, Tensor>} */
    const feeds = {};
    for (const [name, { data, shape }] of Object.entries(inputs)) {
      const tensor = guarded(shape);
      /** @type {Float32Array} */ (tensor.data).set(/** @type {Float32Array} */ (data));
      feeds[name] = tensor;
    }
    const results = Object.fromEntries(outputs.map(({ name, shape }) => [name, guarded(shape)]));
    if (endsUnreturned) await runInto(session, feeds, results);
    else await session.run(feeds, results);
    if (!arrays.every(({ isIntact }) => isIntact)) throw new Error("it wrote beside its result");
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims }]) => [
        name,
        { dtype: "float32", data: /** @type {Float32Array<ArrayBuffer>} */ (data).slice(), shape: dims },
      ]),
    );
  } finally {
    await session.release();
  }
}
