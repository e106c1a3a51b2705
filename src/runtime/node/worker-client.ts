/** A worker thread as a function from request to promise. */
import { Worker } from "node:worker_threads";
import { abortedError, InternalError, throwIfAborted, VaekitError } from "../../errors.ts";
import type { RequestBody, Response, TensorMessage } from "./protocol.ts";

type Reply = Record<string, TensorMessage>;

interface Pending {
  resolve: (value: Reply) => void;
  reject: (error: Error) => void;
}

/**
 * Starts its thread with the first request. The thread keeps the process alive only while a request is under
 * way, so a program that forgets to dispose still ends.
 */
export class WorkerClient {
  #worker: Worker | undefined;
  #nextId = 0;
  readonly #pending = new Map<number, Pending>();

  async request(
    body: RequestBody,
    transfer: readonly ArrayBuffer[] = [],
    signal?: AbortSignal,
  ): Promise<Reply> {
    throwIfAborted(signal);
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId++;
    worker.ref();
    const reply = new Promise<Reply>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.postMessage({ ...body, id }, transfer);
    });
    return signal === undefined ? reply : Promise.race([reply, rejectOnAbort(signal, reply)]);
  }

  async dispose(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    // A flag of the main program, such as --input-type, may not be one of a worker.
    const options = { name: "vaekit", execArgv: [] };
    const worker = new Worker(new URL("./worker.js", import.meta.url), options);
    worker.on("message", (response: Response) => {
      const pending = this.#settle(response.id);
      if ("error" in response) {
        pending?.reject(new VaekitError(response.isFile ? "IO" : "RUNTIME", response.error));
      } else pending?.resolve(response.value);
    });
    worker.on("error", (error) => {
      this.#fail(new InternalError("the runtime's thread failed", { cause: error }));
    });
    worker.on("exit", () => {
      this.#fail(new VaekitError("RUNTIME", "The runtime was disposed while it worked."));
    });
    return worker;
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker?.unref();
    return pending;
  }

  #fail(error: Error): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(error);
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
