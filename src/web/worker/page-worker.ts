/** The workers of a page: one for each build of onnxruntime-web and number of threads, shared by all models that ask for it. */
import { messageOf, VaekitError } from "../../errors.ts";
import type { FromWorker, Start } from "./protocol.ts";
import { WorkerClient } from "./worker-client.ts";

/** The entries of onnxruntime-web that a worker can be of. */
export type OrtBuild = "wasm" | "jspi" | "webgpu";

/** What tells workers apart. */
export interface WorkerKind {
  readonly build: OrtBuild;
  readonly threadCount: number;
}

/** A worker for as long as a model needs it. */
export interface WorkerLease {
  /** @throws UNSUPPORTED where no worker can be had. */
  readonly client: Promise<WorkerClient>;
  /** The last one to go ends the worker. */
  release(): void;
}

/**
 * Each address stands in its place as it is: so bundlers find the worker and what it imports. Each name is another, for webpack and
 * rspack make one script of workers that have the same.
 */
const start: { readonly [B in OrtBuild]: () => Worker } = {
  wasm: () =>
    new Worker(new URL("./wasm-worker.js", import.meta.url), { type: "module", name: "vaekit-wasm" }),
  jspi: () =>
    new Worker(new URL("./jspi-worker.js", import.meta.url), { type: "module", name: "vaekit-jspi" }),
  webgpu: () =>
    new Worker(new URL("./webgpu-worker.js", import.meta.url), { type: "module", name: "vaekit-webgpu" }),
};

interface SharedWorker {
  readonly client: Promise<WorkerClient>;
  users: number;
}

const workers = new Map<string, SharedWorker>();

/** Whether there are workers of browsers. ONNX Runtime's WebAssembly puts Node's class in their place, which is another. */
export const hasWorkers = (): boolean => typeof Worker !== "undefined" && "onmessage" in Worker.prototype;

/** @returns the page's worker of the kind; it is started by whoever is first. */
export function leaseWorker({ build, threadCount }: WorkerKind): WorkerLease {
  const key = `${build} ${threadCount}`;
  const shared = workers.get(key) ?? { client: startWorker(build, threadCount), users: 0 };
  workers.set(key, shared);
  shared.users++;
  // Who waits for it hears of its failure.
  shared.client.catch(() => undefined);
  const end = (): void => {
    if (--shared.users > 0) return;
    workers.delete(key);
    void shared.client.then((client) => {
      client.terminate();
    });
  };
  let isReleased = false;
  const release = (): void => {
    if (!isReleased) end();
    isReleased = true;
  };
  return { client: shared.client, release };
}

async function startWorker(build: OrtBuild, threadCount: number): Promise<WorkerClient> {
  const worker = tryToStart(build);
  try {
    await new Promise<void>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (data.kind === "ready") resolve();
      };
      worker.onerror = (event) => {
        event.preventDefault();
        // A script that is not there, or that the page's policy forbids, has no message.
        reject(noWorker(event.message ? event.message : "its script could not be loaded"));
      };
      const message: Start = { kind: "start", threadCount };
      worker.postMessage(message);
    });
  } catch (error) {
    worker.terminate();
    throw error;
  }
  return new WorkerClient(worker);
}

function tryToStart(build: OrtBuild): Worker {
  try {
    return start[build]();
  } catch (error) {
    throw noWorker(messageOf(error));
  }
}

const noWorker = (reason: string): VaekitError =>
  new VaekitError("UNSUPPORTED", `The worker that computes could not be started: ${reason}.`);
