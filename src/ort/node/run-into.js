/**
 * Runs a session into arrays of ours. Plain JavaScript, as is the worker that uses it.
 *
 * onnxruntime-node copies every output into a new array, also one for which it was given an array: a tenth of the time of
 * short runs. It converts outputs in their order, and stops with an error at one that has no form in JavaScript. So a
 * model may have a sequence as its first output; when the error comes, the run is over and the arrays are full.
 */
import { unreturnedOutput } from "../unreturned-name.js";

/** @typedef {import("onnxruntime-node").InferenceSession} InferenceSession */
/** @typedef {import("onnxruntime-node").Tensor} Tensor */

/** A version with other words fails in the probe, and results are copied. */
const expectedMessage = "Non tensor type is temporarily not supported.";

/**
 * Of a model with an output that cannot be returned.
 *
 * @param {InferenceSession} session
 * @param {Record<string, Tensor>} inputs
 * @param {Record<string, Tensor>} outputs an array for every output
 */
export async function runInto(session, inputs, outputs) {
  try {
    await session.run(inputs, { [unreturnedOutput]: null, ...outputs });
  } catch (error) {
    if (error instanceof Error && error.message === expectedMessage) return;
    throw error;
  }
  throw new Error("a sequence was returned, and with it copies of all results");
}

/**
 * Of a model as ONNX has it.
 *
 * @param {InferenceSession} session
 * @param {Record<string, Tensor>} inputs
 * @param {Record<string, Tensor>} outputs an array for every output
 */
export async function runAndCopy(session, inputs, outputs) {
  const results = await session.run(inputs, Object.keys(outputs));
  for (const [name, { data }] of Object.entries(outputs)) {
    /** @type {{ set: (source: unknown) => void }} */ (data).set(results[name]?.data);
  }
}
