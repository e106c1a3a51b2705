/** The thread in which ONNX Runtime works, from its start to its end. */
import { isMainThread, Worker } from "node:worker_threads";
import { messageOf, VaekitError } from "../../errors.ts";
import { packageFile } from "../../files/node/index.ts";
import { NativeGate } from "./native-gate.js";
import type { RequestBody, Response, RuntimeThreadData, TensorMessage } from "./protocol.ts";
import { turnTelemetryOff } from "./telemetry.js";

export type Reply = Record<string, TensorMessage>;

interface Pending {
  resolve: (value: Reply) => void;
  reject: (error: Error) => void;
}

/**
 * Keeps the process alive only while a request is under way, so a program that forgets to close it still ends. Neither
 * its own end nor the process's comes in the middle of native work.
 */
export class RuntimeThread {
  readonly #worker: Worker;
  readonly #gate = new NativeGate();
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #whenIdle: (() => void) | undefined;
  /** Why it answers no more. */
  #end: VaekitError | undefined;

  constructor() {
    turnTelemetryOff();
    const workerData: RuntimeThreadData = { gate: this.#gate.shared, fromMainThread: isMainThread };
    // A flag of the main program, such as --input-type, may not be one of a worker.
    const options = { name: "vaekit", execArgv: [], workerData };
    this.#worker = new Worker(packageFile("runtime/node/worker.js"), options);
    this.#worker.on("message", (response: Response) => {
      this.#answer(response);
    });
    this.#worker.on("error", (error) => {
      this.#fail(threadError(error));
    });
    this.#worker.on("exit", () => {
      openGates.delete(this.#gate);
      this.#fail(new VaekitError("RUNTIME", "The runtime's thread ended while it worked."));
    });
    openGates.add(this.#gate);
  }

  /** @throws RUNTIME when the thread could not start, or has ended. */
  request(body: RequestBody, transfer: readonly ArrayBuffer[]): Promise<Reply> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const id = this.#nextId++;
    this.#worker.ref();
    return new Promise<Reply>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...body, id }, transfer);
    });
  }

  /** Ends the thread after the native work under way; what waits behind it is refused. */
  async close(): Promise<void> {
    this.#gate.close();
    if (this.#pending.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    await this.#worker.terminate();
  }

  #answer(response: Response): void {
    const pending = this.#settle(response.id);
    if ("error" in response) {
      pending?.reject(new VaekitError(response.isFile ? "IO" : "RUNTIME", response.error));
    } else pending?.resolve(response.value);
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) {
      this.#worker.unref();
      this.#whenIdle?.();
    }
    return pending;
  }

  /** The first reason stays: that the thread has ended is only what follows from it. */
  #fail(error: VaekitError): void {
    this.#end ??= error;
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(this.#end);
  }
}

function threadError(error: unknown): VaekitError {
  const message = `the runtime's thread failed: ${messageOf(error)}`;
  return new VaekitError("RUNTIME", message, { cause: error });
}

const openGates = new Set<NativeGate>();

// `process.exit` would end the threads where they are.
process.on("exit", () => {
  for (const gate of openGates) gate.close();
  for (const gate of openGates) gate.waitUntilEmpty();
});
