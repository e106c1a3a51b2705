/** Computes a model's halves in a worker of the page, which does not stand still meanwhile. */
import { VaekitError } from "../../errors.ts";
import type { InputSize } from "../../models/index.ts";
import { untilAborted, type Device } from "../../runtime/index.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { PictureSource } from "../../images/picture-source.ts";
import type { CodingEngine, EngineParts, PixelsRequest } from "../../vae/coding-engine.ts";
import { pixelsHere } from "../../vae/picture-coding.ts";
import type { CodingOptions, CodingPlan, Half } from "../../vae/options.ts";
import { webPictures } from "../pictures.ts";
import { modelMessage } from "./model-message.ts";
import type { WorkerLease } from "./page-worker.ts";
import { pictureMessage } from "./picture-message.ts";
import type { Event, OptionsMessage } from "./protocol.ts";
import type { WorkerClient } from "./worker-client.ts";

type Planes = Tensor<"float32">;

/** Numbers of models, for all workers. */
let modelCount = 0;

/** Where a model was opened: in a worker, by number, or in the page itself. */
type Opened = { readonly client: WorkerClient; readonly model: number } | { readonly engine: CodingEngine };

/** What a {@link WorkerEngine} is made of. */
export interface WorkerEngineParts {
  readonly parts: EngineParts;
  readonly lease: WorkerLease;
  readonly device: Device;
  /** Makes an engine of the page's own, where no worker could be started. */
  readonly inPage: (reason: VaekitError) => Promise<CodingEngine>;
}

export class WorkerEngine implements CodingEngine {
  readonly #lease: WorkerLease;
  readonly #opened: Promise<Opened>;
  #device: string | undefined;

  constructor(parts: WorkerEngineParts) {
    this.#lease = parts.lease;
    this.#opened = open(parts);
    // Who calls hears of its failure.
    this.#opened.catch(() => undefined);
  }

  get device(): string | undefined {
    return this.#device;
  }

  code(half: Half, x: Planes, options: CodingOptions): Promise<Planes> {
    return this.#code("code", half, x, options);
  }

  codePixels(latents: Planes, options: CodingOptions): Promise<Planes> {
    return this.#code("code-pixels", "decoder", latents, options);
  }

  async picturePixels(source: PictureSource, request: PixelsRequest): Promise<Planes> {
    const { signal, ...rest } = request;
    const opened = await untilAborted(this.#opened, signal);
    const message = "engine" in opened ? undefined : await pictureMessage(source);
    if ("engine" in opened || message === undefined) return pixelsHere(source, webPictures, request);
    const { picture, transfer } = message;
    const body = { kind: "picture-pixels", picture, ...rest } as const;
    const { data, shape } = await opened.client.request(body, { transfer, signal });
    return Tensor.from(data, shape);
  }

  async plan(half: Half, size: InputSize, options: CodingOptions): Promise<CodingPlan> {
    const opened = await this.#opened;
    if ("engine" in opened) return opened.engine.plan(half, size, options);
    const { client, model } = opened;
    return client.request({ kind: "plan", model, half, size, options: crossing(options) });
  }

  async dispose(): Promise<void> {
    const opened = await this.#opened.catch(() => undefined);
    if (opened !== undefined) await close(opened);
    this.#lease.release();
  }

  async #code(
    kind: "code" | "code-pixels",
    half: Half,
    { data, shape }: Planes,
    options: CodingOptions,
  ): Promise<Planes> {
    // Before anything else happens: the caller keeps the array, and may change it at once.
    const x = Tensor.from(data.slice(), shape);
    const opened = await untilAborted(this.#opened, options.signal);
    const coded = await ("engine" in opened
      ? codeInPage(opened.engine, kind, half, x, options)
      : codeInWorker(opened, kind, half, x, options));
    this.#device = coded.device;
    return coded.result;
  }
}

interface Coded {
  readonly result: Planes;
  readonly device: string | undefined;
}

async function codeInPage(
  engine: CodingEngine,
  kind: "code" | "code-pixels",
  half: Half,
  x: Planes,
  options: CodingOptions,
): Promise<Coded> {
  const result = await (kind === "code" ? engine.code(half, x, options) : engine.codePixels(x, options));
  return { result, device: engine.device };
}

async function codeInWorker(
  { client, model }: Exclude<Opened, { engine: CodingEngine }>,
  kind: "code" | "code-pixels",
  half: Half,
  { data, shape }: Tensor<"float32">,
  options: CodingOptions,
): Promise<Coded> {
  const x = { data: data as Float32Array<ArrayBuffer>, shape };
  const { result, device } = await client.request(
    { kind, model, half, x, options: crossing(options) },
    {
      transfer: [x.data.buffer],
      signal: options.signal,
      onEvent: (event) => {
        tell(options, event);
      },
    },
  );
  return { result: Tensor.from(result.data, result.shape), device };
}

async function open({ parts, lease, device, inPage }: WorkerEngineParts): Promise<Opened> {
  const model = modelCount++;
  const [client, message] = await Promise.all([
    lease.client.catch((error: unknown) => noWorker(error)),
    modelMessage(parts),
  ]);
  if (client instanceof VaekitError) return { engine: await inPage(client) };
  await client.request({ kind: "open", model, parts: message, device });
  return { client, model };
}

/** @throws what is not about workers. */
function noWorker(error: unknown): VaekitError {
  if (error instanceof VaekitError && error.code === "UNSUPPORTED") return error;
  throw error;
}

/** What it computes meanwhile is of no use; what a worker that has failed holds went with it. */
async function close(opened: Opened): Promise<void> {
  if ("engine" in opened) return opened.engine.dispose();
  await opened.client.request({ kind: "close", model: opened.model }).catch(() => undefined);
}

/** What of the options a worker can be sent. */
function crossing(options: CodingOptions): OptionsMessage {
  const { signal, onPlan, onProgress } = options;
  const own: readonly unknown[] = [signal, onPlan, onProgress];
  return Object.fromEntries(Object.entries(options).filter(([, value]) => !own.includes(value)));
}

function tell({ onPlan, onProgress }: CodingOptions, event: Event): void {
  if (event.kind === "plan") onPlan?.(event.plan);
  else onProgress?.(event.progress);
}
