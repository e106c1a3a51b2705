/** A worker thread as a function from request to promise. */
import { abortedError, throwIfAborted } from "../../errors.ts";
import type { RequestBody } from "./protocol.ts";
import { RuntimeThread, type Reply } from "./runtime-thread.ts";

/** Starts its thread with the first request. */
export class WorkerClient {
  #thread: RuntimeThread | undefined;

  async request(
    body: RequestBody,
    transfer: readonly ArrayBuffer[] = [],
    signal?: AbortSignal,
  ): Promise<Reply> {
    throwIfAborted(signal);
    const reply = (this.#thread ??= new RuntimeThread()).request(body, transfer);
    return signal === undefined ? reply : Promise.race([reply, rejectOnAbort(signal, reply)]);
  }

  async dispose(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.close();
  }
}

/** Rejects when the signal fires before the work is done, and never resolves. */
function rejectOnAbort(signal: AbortSignal, work: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => {
      reject(abortedError(signal));
    };
    const stopListening = (): void => {
      signal.removeEventListener("abort", onAbort);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(stopListening, stopListening);
  });
}
