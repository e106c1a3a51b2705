/**
 * The gate of this thread, already entered: loading ONNX Runtime is native work too, so this module must come before
 * every import that does. Plain JavaScript, as is the worker that uses it.
 */
import { workerData } from "node:worker_threads";
import { NativeGate } from "./native-gate.js";

/** @type {unknown} */
const data = workerData;
const { gate: shared } = /** @type {import("./protocol.ts").RuntimeThreadData} */ (data);

export const gate = new NativeGate(shared);

/** What a request that comes too late is answered. */
export const closedMessage = "The runtime was disposed while it worked.";

// The thread may fail while it loads.
process.once("exit", () => {
  gate.leave();
});
if (!gate.enter()) throw new Error(closedMessage);
