/** Opens a model in a worker: in the first of several places that works, or in the page where there can be no worker. */
import { messageOf, VaekitError } from "../../errors.ts";
import type { CodingEngine, EngineParts } from "../../vae/coding-engine.ts";
import { modelMessage } from "./model-message.ts";
import type { WorkerLease } from "./page-worker.ts";
import type { WorkerClient } from "./worker-client.ts";

/** A worker, and the device that it shall compute with. */
export interface EnginePlace {
  readonly device: "cpu" | "webgpu";
  readonly lease: () => WorkerLease;
}

export interface OpeningParts {
  readonly parts: EngineParts;
  /** Makes an engine of the page's own, where no worker could be started. */
  readonly inPage: (reason: VaekitError) => Promise<CodingEngine>;
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** Where a model was opened: in a worker, by number, or in the page itself. */
export type Opened = (
  | { readonly client: WorkerClient; readonly model: number; readonly device: EnginePlace["device"] }
  | { readonly engine: CodingEngine }
) & {
  /** Frees what it holds. */
  close(): Promise<void>;
};

/** Numbers of models, for all workers. */
let modelCount = 0;

/** @throws what the last place throws. */
export async function openFirst(
  [place, ...others]: readonly EnginePlace[],
  opening: OpeningParts,
): Promise<Opened> {
  if (others.length === 0) return openIn(place!, opening);
  try {
    return await openIn(place!, opening, false);
  } catch (error) {
    // That there is no such device is no news.
    const isNews = !(error instanceof VaekitError && error.code === "UNSUPPORTED");
    if (isNews) opening.onWarning?.(`${messageOf(error)} The model computes in WebAssembly.`);
    return openFirst(others, opening);
  }
}

async function openIn(
  { device, lease: take }: EnginePlace,
  { parts, inPage }: OpeningParts,
  mayBeInPage = true,
): Promise<Opened> {
  const model = modelCount++;
  const lease = take();
  try {
    const [client, message] = await Promise.all([
      lease.client.catch((error: unknown) => noWorker(error, mayBeInPage)),
      modelMessage(parts),
    ]);
    if (client instanceof VaekitError) return openInPage(await inPage(client), lease);
    await client.request({ kind: "open", model, parts: message, device });
    const close = async (): Promise<void> => {
      // What it computes meanwhile is of no use; what a worker that has failed holds went with it.
      await client.request({ kind: "close", model }).catch(() => undefined);
      lease.release();
    };
    return { client, model, device, close };
  } catch (error) {
    lease.release();
    throw error;
  }
}

function openInPage(engine: CodingEngine, lease: WorkerLease): Opened {
  lease.release();
  return { engine, close: () => engine.dispose() };
}

/** @throws what is not about workers. */
function noWorker(error: unknown, mayBeInPage: boolean): VaekitError {
  if (mayBeInPage && error instanceof VaekitError && error.code === "UNSUPPORTED") return error;
  throw error;
}
