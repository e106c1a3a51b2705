/** The worker's side: opens models, and runs their halves. */
import { messageOf, VaekitError } from "../../errors.ts";
import { modelNamed } from "../../models/index.ts";
import { readPicture } from "../../images/picture-source.ts";
import { picturePixels } from "../../images/model-input.ts";
import { GraphicsDevice } from "../../runtime/web/graphics-device.ts";
import { WebRuntime, type OrtModule, type WebRuntimeOptions } from "../../runtime/web/web-runtime.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { loadPlanning } from "../../vae/coder.ts";
import type { CodingEngine } from "../../vae/coding-engine.ts";
import { localEngine } from "../../vae/local-engine.ts";
import type { CodingOptions } from "../../vae/options.ts";
import { browser } from "../machine.ts";
import { webPictures } from "../pictures.ts";
import { engineParts } from "./model-message.ts";
import type {
  Answers,
  Coded,
  Event,
  FromWorker,
  OptionsMessage,
  Request,
  Start,
  TensorMessage,
  ToWorker,
} from "./protocol.ts";

type Planes = Tensor<"float32">;
type RequestOf<Kind extends Request["kind"]> = Extract<Request, { kind: Kind }>;

/** What the entries of onnxruntime-web have beside what computes. */
export interface OrtEntry extends OrtModule {
  readonly env: { readonly wasm: { numThreads?: number } };
}

/** The worker's global scope, as far as it is used. */
interface WorkerScope {
  readonly name: string;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer: Transferable[]): void;
}

/** How entries differ. */
type EntryFacts = Pick<WebRuntimeOptions, "readsBlobs">;

/** What ONNX Runtime calls the workers in which its further threads run. They load the script of the one that starts them. */
const threadName = "em-pthread";

/** Serves the page that started this worker. In a thread of ONNX Runtime's own, its entry does all there is to do. */
export function serve(ort: OrtEntry, facts: EntryFacts = {}): void {
  const scope = globalThis as unknown as WorkerScope;
  if (!scope.name.startsWith(threadName)) new WorkerServer(scope, ort, facts);
}

class WorkerServer {
  readonly #scope: WorkerScope;
  readonly #ort: OrtEntry;
  readonly #facts: EntryFacts;
  readonly #models = new Map<number, CodingEngine>();
  /** WebAssembly is compiled. */
  #started: Promise<void> | undefined;
  /** Tested; for all models. */
  #graphics: Promise<GraphicsDevice> | undefined;
  /** Of the requests under way. */
  readonly #aborts = new Map<number, AbortController>();

  constructor(scope: WorkerScope, ort: OrtEntry, facts: EntryFacts) {
    this.#scope = scope;
    this.#ort = ort;
    this.#facts = facts;
    scope.onmessage = ({ data }) => {
      this.#take(data);
    };
  }

  #take(message: ToWorker): void {
    if (message.kind === "start") {
      this.#start(message);
    } else if (message.kind === "expect") {
      void loadAhead(message.className);
    } else if (message.kind === "abort") {
      this.#aborts.get(message.id)?.abort();
    } else {
      void this.#answer(message);
    }
  }

  /** Before the first model is there. What goes wrong is said when one is opened. */
  #start({ threadCount, device }: Start): void {
    this.#ort.env.wasm.numThreads = threadCount;
    this.#send({ kind: "ready" });
    if (device === "cpu") this.#started = this.#runtime({ device }).start();
    else this.#graphics = this.#testedGraphics();
    (this.#started ?? this.#graphics)?.catch(() => undefined);
  }

  async #answer(request: Request): Promise<void> {
    const { id } = request;
    const abort = new AbortController();
    this.#aborts.set(id, abort);
    try {
      const value = await this.#work(request, abort.signal);
      this.#send({ kind: "answer", id, value }, buffersIn(value));
    } catch (error) {
      const code = error instanceof VaekitError ? { code: error.code } : {};
      const isLoss = (await this.#graphics?.catch(() => undefined))?.isLost === true;
      this.#send({ kind: "error", id, error: { ...code, message: messageOf(error), isLoss } });
    } finally {
      this.#aborts.delete(id);
    }
  }

  #work(request: Request, signal: AbortSignal): Promise<Answers[Request["kind"]]> {
    switch (request.kind) {
      case "open":
        return this.#open(request);
      case "code":
      case "code-pixels":
        return this.#code(request, signal);
      case "plan":
        return this.#model(request).plan(request.half, request.size, request.options);
      case "picture-pixels":
        return picturePixelsOf(request);
      case "close":
        return this.#close(request);
    }
  }

  async #open({ model, parts, device }: RequestOf<"open">): Promise<undefined> {
    await this.#started;
    const runtime = device === "webgpu" ? await this.#graphicsRuntime() : this.#runtime({ device });
    this.#models.set(model, localEngine(runtime, browser)(await engineParts(parts)));
  }

  #runtime(options: WebRuntimeOptions): WebRuntime {
    return new WebRuntime(this.#ort, { ...this.#facts, ...options });
  }

  async #graphicsRuntime(): Promise<WebRuntime> {
    this.#graphics ??= this.#testedGraphics();
    return this.#runtime({ device: "webgpu", graphics: await this.#graphics, isTested: true });
  }

  /** @throws UNSUPPORTED where there is none; RUNTIME where it computes wrong numbers. */
  async #testedGraphics(): Promise<GraphicsDevice> {
    const graphics = await GraphicsDevice.open();
    await using tested = this.#runtime({ device: "webgpu", graphics });
    await tested.test();
    return graphics;
  }

  async #code(request: RequestOf<"code" | "code-pixels">, signal: AbortSignal): Promise<Coded> {
    const engine = this.#model(request);
    const x = Tensor.from(request.x.data, request.x.shape);
    const options = this.#options(request.id, request.options, signal);
    const work =
      request.kind === "code" ? engine.code(request.half, x, options) : engine.codePixels(x, options);
    return { result: tensorMessage(await work), device: engine.device };
  }

  async #close({ model }: RequestOf<"close">): Promise<undefined> {
    await this.#models.get(model)?.dispose();
    this.#models.delete(model);
  }

  #model({ model }: { readonly model: number }): CodingEngine {
    const engine = this.#models.get(model);
    if (engine !== undefined) return engine;
    throw new VaekitError("DISPOSED", "The model was disposed.");
  }

  #options(id: number, options: OptionsMessage, signal: AbortSignal): CodingOptions {
    const tell = (event: Event): void => {
      this.#send({ kind: "event", id, event });
    };
    return {
      ...options,
      signal,
      onPlan: (plan) => {
        tell({ kind: "plan", plan });
      },
      onProgress: (progress) => {
        tell({ kind: "progress", progress });
      },
    };
  }

  #send(message: FromWorker, transfer: Transferable[] = []): void {
    this.#scope.postMessage(message, transfer);
  }
}

/** What the first call of a model of this class will need. What cannot be loaded is said then. */
async function loadAhead(className: string): Promise<void> {
  await Promise.allSettled([modelNamed(className), loadPlanning()]);
}

async function picturePixelsOf(request: RequestOf<"picture-pixels">): Promise<TensorMessage> {
  const { picture, alpha, facts, size, subject } = request;
  const raster = await readPicture(picture, webPictures, subject, alpha);
  return tensorMessage(picturePixels(raster, facts, size, subject));
}

/** In memory of its own, which moves. */
function tensorMessage({ data, shape }: Planes): TensorMessage {
  const isWhole = data.byteLength === data.buffer.byteLength;
  return { data: isWhole ? (data as Float32Array<ArrayBuffer>) : data.slice(), shape };
}

function buffersIn(value: Answers[Request["kind"]]): Transferable[] {
  if (value === undefined) return [];
  if ("result" in value) return [value.result.data.buffer];
  return "data" in value ? [value.data.buffer] : [];
}
