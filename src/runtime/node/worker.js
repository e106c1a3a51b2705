/**
 * The thread in which ONNX Runtime works, so that `create` and `run`, which block, never block the program.
 * Plain JavaScript, because Node starts a worker from this very file, in the sources as in the build.
 */
import { parentPort } from "node:worker_threads";
import { env, InferenceSession, Tensor } from "onnxruntime-node";

/** @typedef {import("./protocol.ts").Request} Request */
/** @typedef {import("./protocol.ts").TensorMessage} TensorMessage */

// A provider that is not there is no news: it comes back as an error, and "auto" goes on to the next.
env.logLevel = "fatal";

/** @type {Map<number, InferenceSession>} */
const sessions = new Map();

/**
 * @param {Record<string, TensorMessage>} inputs
 * @param {InferenceSession} session
 * @returns {Promise<Record<string, TensorMessage>>}
 */
async function run(session, inputs) {
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, data, shape }]) => [name, new Tensor(dtype, data, shape)]),
  );
  const results = await session.run(feeds);
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [
      name,
      /** @type {TensorMessage} */ ({ dtype: tensor.type, data: tensor.data, shape: tensor.dims }),
    ]),
  );
}

/**
 * @param {Request} request
 * @returns {Promise<Record<string, TensorMessage>>}
 */
async function answer(request) {
  switch (request.kind) {
    case "create":
      sessions.set(request.session, await InferenceSession.create(request.model, request.options));
      return {};
    case "run": {
      const session = sessions.get(request.session);
      if (session === undefined) throw new Error("the session was disposed");
      return run(session, request.inputs);
    }
    case "release":
      await sessions.get(request.session)?.release();
      sessions.delete(request.session);
      return {};
  }
}

/** One request after another: a session must not be released under a run that was abandoned. */
let turn = Promise.resolve();

parentPort?.on("message", (/** @type {Request} */ request) => {
  const answered = turn.then(() => answer(request));
  turn = answered.then(
    () => undefined,
    () => undefined,
  );
  answered.then(
    (value) => {
      const buffers = Object.values(value).map((tensor) => tensor.data.buffer);
      parentPort?.postMessage({ id: request.id, value }, buffers);
    },
    (/** @type {unknown} */ error) => {
      const message = error instanceof Error ? error.message : String(error);
      parentPort?.postMessage({ id: request.id, error: message });
    },
  );
});
