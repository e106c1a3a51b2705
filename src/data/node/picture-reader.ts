/** The reading thread as a function from examples to a batch's samples. */
import { Worker } from "node:worker_threads";
import { InternalError, messageOf, VaekitError } from "../../errors.ts";
import { packageFile } from "../../files/node/index.ts";
import type {
  PictureRequest,
  PictureResponse,
  PictureWorkerData,
  SkippedFile,
  WantedExample,
} from "./picture-protocol.ts";

interface Pending {
  resolve: (data: Float32Array<ArrayBuffer>) => void;
  reject: (error: Error) => void;
}

/**
 * Starts its thread with the first batch. The thread keeps the process alive only while a batch is under way, so
 * a program that forgets to dispose still ends.
 */
export class PictureReader {
  readonly #data: PictureWorkerData;
  readonly #onSkip: (skipped: SkippedFile) => void;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #exited: Promise<void> = Promise.resolve();
  #nextId = 0;
  #disposed = false;
  /** Why the thread ended by itself. */
  #failure: VaekitError | undefined;

  constructor(data: PictureWorkerData, onSkip: (skipped: SkippedFile) => void) {
    this.#data = data;
    this.#onSkip = onSkip;
  }

  /**
   * The samples of a batch, [N, C, H, W].
   *
   * @throws INVALID_FILE when no file is a readable picture, RUNTIME when the thread fails, NOT_FOUND when it is not in a bundle.
   */
  async read(examples: readonly WantedExample[]): Promise<Float32Array<ArrayBuffer>> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#disposed) throw disposedError();
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId++;
    worker.ref();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.postMessage({ kind: "batch", id, examples } satisfies PictureRequest);
    });
  }

  /** Ends the thread; batches under way are rejected. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#fail(disposedError());
    this.#worker?.ref();
    this.#worker?.postMessage({ kind: "close" } satisfies PictureRequest);
    await this.#exited;
  }

  #start(): Worker {
    const worker = new Worker(packageFile("data/node/picture-worker.js"), {
      name: "vaekit-pictures",
      // A flag of the main program, such as --input-type, may not be one of a worker.
      execArgv: [],
      workerData: this.#data,
    });
    worker.on("message", (response: PictureResponse) => {
      this.#receive(response);
    });
    worker.on("error", (error) => {
      this.#failure = threadError(error);
      this.#fail(this.#failure);
    });
    this.#exited = new Promise((resolve) => {
      worker.on("exit", () => {
        this.#disposed = true;
        this.#fail(this.#failure ?? disposedError());
        resolve();
      });
    });
    return worker;
  }

  #receive(response: PictureResponse): void {
    // Where no file at all is readable, one error says so.
    if (!("noneReadable" in response)) response.skipped.forEach(this.#onSkip);
    const pending = this.#settle(response.id);
    if ("data" in response) pending?.resolve(response.data);
    else if ("error" in response) pending?.reject(new InternalError(response.error));
    else pending?.reject(this.#noneReadable(response.noneReadable));
  }

  #noneReadable(reason: string): VaekitError {
    const { files } = this.#data;
    return new VaekitError(
      "INVALID_FILE",
      `pictures: expected at least one readable picture among ${files.length} files, found none; the first is ${files[0] ?? ""}: ${reason}. Check that these files are whole pictures.`,
    );
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    // A program that waits for the disposal stays alive until the thread has ended.
    if (this.#pending.size === 0 && !this.#disposed) this.#worker?.unref();
    return pending;
  }

  #fail(error: Error): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(error);
  }
}

function threadError(error: unknown): VaekitError {
  const message = `the thread that reads pictures failed: ${messageOf(error)}`;
  return new VaekitError("RUNTIME", message, { cause: error });
}

function disposedError(): VaekitError {
  return new VaekitError("RUNTIME", "The pictures were disposed. Open them again to read more batches.");
}
