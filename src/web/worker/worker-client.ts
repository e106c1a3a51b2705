/** A worker as a function from request to promise. */
import { InternalError, throwIfAborted, VaekitError } from "../../errors.ts";
import { untilAborted } from "../../runtime/index.ts";
import { LostDeviceError } from "../../runtime/web/lost-device.ts";
import type { Answers, ErrorMessage, Event, FromWorker, RequestBody, ToWorker } from "./protocol.ts";

/** What goes with a request. */
export interface RequestOptions {
  /** Buffers that move. */
  readonly transfer?: readonly Transferable[];
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: Event) => void;
}

interface Pending {
  readonly resolve: (value: Answers[keyof Answers]) => void;
  readonly reject: (error: Error) => void;
  readonly onEvent: ((event: Event) => void) | undefined;
}

/** Takes its requests in the order in which they are made. */
export class WorkerClient {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  /** Why it answers no more. */
  #end: VaekitError | undefined;

  /** @param worker that has said that it is ready. */
  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      this.#take(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(`the worker that computes failed: ${event.message}`);
    };
    worker.onmessageerror = () => {
      this.#fail("an answer of the worker that computes could not be read.");
    };
  }

  /** @throws what the worker's work throws; ABORTED as soon as the signal fires; RUNTIME when the worker has ended. */
  async request<Kind extends RequestBody["kind"]>(
    body: Extract<RequestBody, { kind: Kind }>,
    { transfer = [], signal, onEvent }: RequestOptions = {},
  ): Promise<Answers[Kind]> {
    throwIfAborted(signal);
    if (this.#end !== undefined) throw this.#end;
    const id = this.#nextId++;
    const answer = new Promise<Answers[keyof Answers]>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onEvent });
      this.#send({ ...body, id }, transfer);
    });
    const stopOnAbort = (): void => {
      this.#pending.delete(id);
      this.#send({ kind: "abort", id });
    };
    signal?.addEventListener("abort", stopOnAbort, { once: true });
    try {
      return (await untilAborted(answer, signal)) as Answers[Kind];
    } finally {
      signal?.removeEventListener("abort", stopOnAbort);
    }
  }

  /** A model of this class will be opened. */
  expect(className: string): void {
    this.#send({ kind: "expect", className });
  }

  /** Ends the worker in the middle of whatever it does; what waits rejects with DISPOSED. */
  terminate(): void {
    this.#worker.terminate();
    this.#settleAll(new VaekitError("DISPOSED", "The worker that computes was ended."));
  }

  #send(message: ToWorker, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, [...transfer]);
  }

  #take(message: FromWorker): void {
    if (message.kind === "ready" || message.kind === "linked") return;
    const pending = this.#pending.get(message.id);
    if (message.kind === "event") {
      pending?.onEvent?.(message.event);
      return;
    }
    this.#pending.delete(message.id);
    if (message.kind === "answer") pending?.resolve(message.value);
    else pending?.reject(errorOf(message.error));
  }

  #fail(message: string): void {
    this.#worker.terminate();
    this.#settleAll(new VaekitError("RUNTIME", `${message} Open the model again.`));
  }

  /** The first reason stays. */
  #settleAll(error: VaekitError): void {
    this.#end ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#end);
    this.#pending.clear();
  }
}

function errorOf({ code, message, isLoss }: ErrorMessage): Error {
  if (isLoss) return new LostDeviceError("RUNTIME", message);
  return code === undefined ? new InternalError(message) : new VaekitError(code, message);
}
