/**
 * Runs a session without copies of its outputs. Plain JavaScript, as is the worker that uses it.
 *
 * onnxruntime-node copies every output into a new array, also one for which it was given an array: a tenth of the time of
 * short runs. It converts outputs in their order, and stops with an error at one that has no form in JavaScript. So every
 * model gets a sequence as its first output; when the error comes, the run is over and the arrays are full. A version that
 * can return sequences would return copies, and everything else stays right.
 */

import { unreturnedOutput } from "../unreturned-name.js";

/** @typedef {import("onnxruntime-node").InferenceSession} InferenceSession */
/** @typedef {import("onnxruntime-node").Tensor} Tensor */

const expectedMessage = "Non tensor type is temporarily not supported.";

/**
 * @param {InferenceSession} session
 * @param {Record<string, Tensor>} inputs
 * @param {Record<string, Tensor>} outputs an array for every output
 */
export async function runInto(session, inputs, outputs) {
  try {
    await session.run(inputs, { [unreturnedOutput]: null, ...outputs });
  } catch (error) {
    if (!(error instanceof Error) || error.message !== expectedMessage) throw error;
  }
}
