/** Computes a model's halves in a worker of the page, which does not stand still meanwhile. */
import type { InputSize } from "../../models/index.ts";
import { untilAborted } from "../../runtime/index.ts";
import { LostDeviceError } from "../../runtime/web/lost-device.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { PictureSource } from "../../images/picture-source.ts";
import type { CodingEngine, PixelsRequest } from "../../vae/coding-engine.ts";
import { pixelsHere } from "../../vae/picture-coding.ts";
import type { CodingOptions, CodingPlan, Half } from "../../vae/options.ts";
import { webPictures } from "../pictures.ts";
import { openFirst, type EnginePlace, type Opened, type OpeningParts } from "./open-in-worker.ts";
import { pictureMessage } from "./picture-message.ts";
import type { Event, OptionsMessage } from "./protocol.ts";

type Planes = Tensor<"float32">;
type Kind = "code" | "code-pixels";

/** What a {@link WorkerEngine} is made of. */
export interface WorkerEngineParts extends OpeningParts {
  /** Where to open the model: the first of these that works. */
  readonly places: readonly EnginePlace[];
  /** What goes on where a graphics processor is lost. */
  readonly processor: EnginePlace;
}

export class WorkerEngine implements CodingEngine {
  readonly #parts: WorkerEngineParts;
  #opened: Promise<Opened>;
  #device: string | undefined;

  constructor(parts: WorkerEngineParts) {
    this.#parts = parts;
    this.#opened = openFirst(parts.places, parts);
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
    await opened?.close();
  }

  async #code(kind: Kind, half: Half, { data, shape }: Planes, options: CodingOptions): Promise<Planes> {
    // Before anything else happens: the caller keeps the array, and may change it at once.
    const x = Tensor.from(data.slice(), shape);
    for (;;) {
      const opening = this.#opened;
      const opened = await untilAborted(opening, options.signal);
      try {
        const coded = await codeIn(opened, kind, half, x, options);
        this.#device = coded.device;
        return coded.result;
      } catch (error) {
        if (!(error instanceof LostDeviceError)) throw error;
        this.#goOn(opening, opened, error);
      }
    }
  }

  /** Once for all calls that the loss has ended: they are repeated. */
  #goOn(lost: Promise<Opened>, opened: Opened, { message }: LostDeviceError): void {
    if (this.#opened !== lost) return;
    this.#parts.onWarning?.(`${message} The model goes on in WebAssembly.`);
    void opened.close();
    this.#opened = openFirst([this.#parts.processor], this.#parts);
    this.#opened.catch(() => undefined);
  }
}

interface Coded {
  readonly result: Planes;
  readonly device: string | undefined;
}

async function codeIn(
  opened: Opened,
  kind: Kind,
  half: Half,
  x: Tensor<"float32">,
  options: CodingOptions,
): Promise<Coded> {
  if (!("engine" in opened)) return codeInWorker(opened, kind, half, x, options);
  const { engine } = opened;
  const result = await (kind === "code" ? engine.code(half, x, options) : engine.codePixels(x, options));
  return { result, device: engine.device };
}

async function codeInWorker(
  { client, model, device: place }: Exclude<Opened, { engine: CodingEngine }>,
  kind: Kind,
  half: Half,
  { data, shape }: Tensor<"float32">,
  options: CodingOptions,
): Promise<Coded> {
  const x = { data: data as Float32Array<ArrayBuffer>, shape };
  const { result, device } = await client.request(
    { kind, model, half, x, options: crossing(options) },
    {
      // Where the call may have to be repeated, it goes as a copy.
      transfer: place === "cpu" ? [x.data.buffer] : [],
      signal: options.signal,
      onEvent: (event) => {
        tell(options, event);
      },
    },
  );
  return { result: Tensor.from(result.data, result.shape), device };
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
