/**
 * The thread in which ONNX Runtime works, so that `create` and `run`, which block, never block the program.
 * Plain JavaScript, because Node starts a worker from this very file, in the sources as in the build.
 */
import { closedMessage, gate } from "./worker-gate.js";
import { parentPort, workerData } from "node:worker_threads";
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import { checkArrays } from "../../ort/node/check-arrays.js";
import { runAttempt } from "../../ort/node/run-attempt.js";
import { runAndCopy, runInto } from "../../ort/node/run-into.js";
import { inSharedArena } from "../../ort/node/shared-arena.js";
import { turnTelemetryOffFromThread } from "./telemetry.js";
import { missingVulkan } from "./vulkan.js";
import { Withdrawal } from "./withdrawal.js";
import { FileError, WorkerWorkspace } from "./worker-workspace.js";

/** @typedef {import("./protocol.ts").OutputType} OutputType */
/** @typedef {{ session: InferenceSession, outputs: Readonly<Record<string, OutputType>>, runInto: typeof runInto }} Prepared */
/** @typedef {import("./protocol.ts").Request} Request */
/** @typedef {import("./protocol.ts").StateUse} StateUse */
/** @typedef {import("./protocol.ts").TensorMessage} TensorMessage */

/** @type {unknown} */
const data = workerData;
const { fromMainThread } = /** @type {import("./protocol.ts").RuntimeThreadData} */ (data);
if (!fromMainThread) turnTelemetryOffFromThread();

// A provider that is not there is no news: it comes back as an error, and "auto" goes on to the next.
env.logLevel = "fatal";

/** @type {Map<number, Prepared>} */
const sessions = new Map();

/**
 * A tensor of a state, and the buffer of its predecessor, into which the next run writes its successor: a run
 * never writes what it reads, and no run allocates.
 * @typedef {{ current: Tensor, spare: Tensor | null }} Slot
 */
/** @type {Map<number, Map<string, Slot>>} */
const states = new Map();

/** @type {Map<number, WorkerWorkspace>} */
const workspaces = new Map();

/** @param {InferenceSession.SessionOptions} options */
function checkProviders({ executionProviders = [] }) {
  const missing = executionProviders.includes("webgpu") ? missingVulkan() : undefined;
  if (missing !== undefined) throw new Error(missing);
}

/** @param {Record<string, TensorMessage>} tensors */
const fromMessages = (tensors) =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, data, shape }]) => [name, new Tensor(dtype, data, shape)]),
  );

/** @param {Tensor} tensor */
const toMessage = ({ type, data, dims }) => /** @type {TensorMessage} */ ({ dtype: type, data, shape: dims });

/** @param {number} id */
function stateOf(id) {
  const state = states.get(id);
  if (state === undefined) throw new Error("the state was disposed");
  return state;
}

/** @type {{ [K in TensorMessage["dtype"]]: (size: number) => TensorMessage["data"] }} */
const arrays = {
  float32: (size) => new Float32Array(size),
  float64: (size) => new Float64Array(size),
  int64: (size) => new BigInt64Array(size),
  uint8: (size) => new Uint8Array(size),
};

/** @param {OutputType} output */
function emptyTensor({ dtype, shape }) {
  const size = shape.reduce((product, length) => product * length, 1);
  return new Tensor(dtype, arrays[dtype](size), shape);
}

/**
 * @param {Prepared} prepared
 * @param {Record<string, TensorMessage>} inputs
 * @param {StateUse | undefined} use
 * @returns {Promise<Record<string, TensorMessage>>}
 */
async function run({ outputs, ...prepared }, inputs, use) {
  const feeds = fromMessages(inputs);
  /** @type {Map<string, Slot>} */
  const state = use === undefined ? new Map() : stateOf(use.state);
  /** @param {string} name */
  const slotOf = (name) => /** @type {Slot} */ (state.get(name));
  for (const name of use?.reads ?? []) feeds[name] = slotOf(name).current;
  const replaces = use?.replaces ?? {};
  /** @type {Record<string, Tensor>} */
  const results = {};
  for (const [name, type] of Object.entries(outputs)) {
    const replaced = replaces[name];
    results[name] = (replaced === undefined ? null : slotOf(replaced).spare) ?? emptyTensor(type);
  }
  checkArrays(results, outputs);
  await prepared.runInto(prepared.session, feeds, results);
  for (const [output, name] of Object.entries(replaces)) {
    state.set(name, { current: /** @type {Tensor} */ (results[output]), spare: slotOf(name).current });
  }
  return Object.fromEntries(
    Object.entries(results)
      .filter(([name]) => !(name in replaces))
      .map(([name, tensor]) => [name, toMessage(tensor)]),
  );
}

/**
 * @param {Request} request
 * @returns {Promise<Record<string, TensorMessage>>}
 */
async function answer(request) {
  const withdrawal = request.withdrawal === undefined ? undefined : new Withdrawal(request.withdrawal);
  /** For work of many steps, which need not all be done when the end has come or nobody waits for them. */
  const throwIfEnded = () => {
    if (gate.isClosed) throw new Error(closedMessage);
    if (withdrawal?.isWithdrawn === true) throw new Error("the request was withdrawn");
  };
  throwIfEnded();
  switch (request.kind) {
    case "attempt": {
      const options = request.sharesArena ? await inSharedArena(request.options) : request.options;
      return runAttempt({ ...request, options });
    }
    case "create": {
      const { model, outputs } = request;
      checkProviders(request.options);
      const options = request.sharesArena ? await inSharedArena(request.options) : request.options;
      const session = await InferenceSession.create(model, options);
      const run = request.endsUnreturned ? runInto : runAndCopy;
      sessions.set(request.session, { session, outputs, runInto: run });
      return {};
    }
    case "run": {
      const prepared = sessions.get(request.session);
      if (prepared === undefined) throw new Error("the session was disposed");
      return run(prepared, request.inputs, request.use);
    }
    case "release":
      await sessions.get(request.session)?.session.release();
      sessions.delete(request.session);
      return {};
    case "create-state": {
      const slots = Object.entries(fromMessages(request.tensors)).map(
        ([name, tensor]) => /** @type {const} */ ([name, { current: tensor, spare: null }]),
      );
      states.set(request.state, new Map(slots));
      return {};
    }
    case "read-state": {
      const state = stateOf(request.state);
      return Object.fromEntries(
        request.names.map((name) => {
          const { dtype, data, shape } = toMessage(/** @type {Slot} */ (state.get(name)).current);
          // A copy, because the answer's buffers move to the other thread.
          return [name, /** @type {TensorMessage} */ ({ dtype, data: data.slice(), shape })];
        }),
      );
    }
    case "release-state":
      states.delete(request.state);
      return {};
    case "create-workspace":
      workspaces.set(request.workspace, new WorkerWorkspace(request.size, request.folder));
      return {};
    case "execute": {
      const workspace = workspaces.get(request.workspace);
      if (workspace === undefined) throw new Error("the workspace was disposed");
      return workspace.execute(request.steps, sessions, throwIfEnded);
    }
    case "release-workspace":
      workspaces.get(request.workspace)?.dispose();
      workspaces.delete(request.workspace);
      return {};
  }
}

/** @param {Request} request */
async function answerInGate(request) {
  if (!gate.enter()) throw new Error(closedMessage);
  try {
    return await answer(request);
  } finally {
    gate.leave();
  }
}

/** One request after another: a session must not be released under a run that was abandoned. */
let turn = Promise.resolve();

parentPort?.on("message", (/** @type {Request} */ request) => {
  const answered = turn.then(() => answerInGate(request));
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
      parentPort?.postMessage({ id: request.id, error: message, isFile: error instanceof FileError });
    },
  );
});

// Loaded.
gate.leave();
