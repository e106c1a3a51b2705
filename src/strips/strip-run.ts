/** One picture on its way through a program of strips. */
import type { Graph, Value } from "../graph/index.ts";
import type { JoinedRegions, Region, Session, Workspace, WorkspaceStep } from "../runtime/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { MapRows, Operation, StripProgram, TensorId } from "./program.ts";
import { clip, lengthOf, moved, type Rows } from "./rows.ts";
import { StepQueue } from "./step-queue.ts";

/** A program with its places in memory and its sessions. */
export interface ReadyProgram {
  readonly program: StripProgram;
  region(tensor: TensorId): Region;
  /** Where a place of the temporary file begins, in elements. */
  position(place: number): number;
  session(graph: number): Promise<Session>;
  /** The session of a graph of weights, which is used once: the caller disposes it. */
  weightsSession(graph: number): Promise<Session>;
}

export interface StripRunOptions {
  readonly signal?: AbortSignal;
  /** Called with the number of operations that are under way or done. */
  readonly onProgress?: (done: number) => void;
}

/** A failure is heard where the promise is waited for; before that it must not end the program. */
const ignoreFailure = (promise: Promise<unknown>): void => {
  promise.catch(() => undefined);
};

export class StripRun {
  readonly #ready: ReadyProgram;
  readonly #queue: StepQueue;
  readonly #x: Tensor<"float32">;
  readonly #onProgress: ((done: number) => void) | undefined;
  readonly #result: Tensor<"float32">;
  /** The session of the graph of weights that comes next, made while strips are computed. */
  #nextWeights: { readonly graph: number; readonly session: Promise<Session> } | undefined;

  constructor(
    ready: ReadyProgram,
    workspace: Promise<Workspace>,
    x: Tensor<"float32">,
    { signal, onProgress }: StripRunOptions,
  ) {
    this.#ready = ready;
    this.#queue = new StepQueue(workspace, signal);
    this.#x = x;
    this.#onProgress = onProgress;
    this.#result = Tensor.zeros(ready.program.output.shape);
  }

  async finish(): Promise<Tensor<"float32">> {
    try {
      this.#prepareSessions();
      for (const [index, operation] of this.#ready.program.operations.entries()) {
        await this.#take(operation);
        this.#onProgress?.(index + 1);
      }
      await this.#queue.drain();
      return this.#result;
    } finally {
      // One that the failure of a step has left over.
      const session = await this.#nextWeights?.session.catch(() => undefined);
      await session?.dispose();
    }
  }

  async #take(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case "run": {
        const session = await this.#ready.session(operation.graph);
        const graph = this.#ready.program.graphs[operation.graph]!;
        return this.#queue.push(this.#runStep(session, graph, operation));
      }
      case "weights": {
        // The session may not be made yet: the strips before need not wait for it.
        await this.#queue.flush();
        const session = await this.#weightsSession(operation.graph);
        const graph = this.#ready.program.weights[operation.graph]!;
        await this.#queue.push(this.#runStep(session, graph, { inputs: {}, outputs: operation.outputs }));
        await this.#queue.release(session);
        this.#prepareWeights(operation.graph + 1);
        return;
      }
      case "feed": {
        const data = rowsOf(this.#x, operation.rows);
        return this.#queue.push({ kind: "write", region: this.#ready.region(operation.tensor), data });
      }
      case "fetch":
        return this.#queue.read(this.#ready.region(operation.tensor), (strip) => {
          pasteRows(this.#result, strip, operation.rows);
        });
      case "store":
      case "load": {
        const region = this.#ready.region(operation.tensor);
        const position = this.#ready.position(operation.place);
        return this.#queue.push({ kind: operation.kind, region, position });
      }
    }
  }

  /**
   * Starts making the sessions of all strips, before anything runs: this thread's part and the other's go side by side. Between runs
   * it would take a core from the strips, and their other half would wait for the half on this core.
   */
  #prepareSessions(): void {
    this.#ready.program.graphs.forEach((_, graph) => {
      ignoreFailure(this.#ready.session(graph));
    });
  }

  async #weightsSession(graph: number): Promise<Session> {
    const prepared = this.#nextWeights;
    if (prepared?.graph !== graph) return this.#ready.weightsSession(graph);
    const session = await prepared.session;
    this.#nextWeights = undefined;
    return session;
  }

  #prepareWeights(graph: number): void {
    if (graph >= this.#ready.program.weights.length) return;
    const session = this.#ready.weightsSession(graph);
    ignoreFailure(session);
    this.#nextWeights = { graph, session };
  }

  /** A graph reads and writes tensors under shapes of its own. */
  #runStep(
    session: Session,
    graph: Graph,
    {
      inputs,
      outputs,
    }: {
      readonly inputs: Readonly<Record<string, TensorId | MapRows>>;
      readonly outputs: Readonly<Record<string, TensorId>>;
    },
  ): WorkspaceStep {
    const inputOf = ({ name, shape }: Value): Region | JoinedRegions => {
      const input = inputs[name]!;
      return { ...(typeof input === "number" ? this.#ready.region(input) : this.#rows(input)), shape };
    };
    const outputOf = ({ name, shape }: Value): Region => ({ ...this.#ready.region(outputs[name]!), shape });
    return {
      kind: "run",
      session,
      inputs: Object.fromEntries(graph.inputs.map((value) => [value.name, inputOf(value)])),
      outputs: Object.fromEntries(graph.outputs.map((value) => [value.name, outputOf(value)])),
    };
  }

  /** One range where the strips lie one below the other. */
  #rows({ strips, rows }: MapRows): { offset: number } | Pick<JoinedRegions, "parts"> {
    const parts: { offset: number; size: number }[] = [];
    let top = 0;
    for (const tensor of strips) {
      const { offset, shape } = this.#ready.region(tensor);
      const [, height, width, channels] = shape as [number, number, number, number];
      const part = clip(moved(rows, -top), height);
      const begin = offset + part.begin * width * channels;
      const size = lengthOf(part) * width * channels;
      const before = parts.at(-1);
      if (before !== undefined && before.offset + before.size === begin) before.size += size;
      else parts.push({ offset: begin, size });
      top += height;
    }
    return parts.length === 1 ? { offset: parts[0]!.offset } : { parts };
  }
}

/** A copy of rows of x [1, C, H, W], with the channels last. */
function rowsOf(x: Tensor<"float32">, rows: Rows): Float32Array<ArrayBuffer> {
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const pixels = lengthOf(rows) * width;
  const data = new Float32Array(channels * pixels);
  for (let channel = 0; channel < channels; channel++) {
    const first = (channel * height + rows.begin) * width;
    for (let pixel = 0; pixel < pixels; pixel++) data[pixel * channels + channel] = x.data[first + pixel]!;
  }
  return data;
}

/** Puts a strip [1, rows, W, C] in its place in x [1, C, H, W]. */
function pasteRows(x: Tensor<"float32">, strip: Tensor, rows: Rows): void {
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const pixels = lengthOf(rows) * width;
  const data = strip.data as Float32Array;
  for (let channel = 0; channel < channels; channel++) {
    const first = (channel * height + rows.begin) * width;
    for (let pixel = 0; pixel < pixels; pixel++) x.data[first + pixel] = data[pixel * channels + channel]!;
  }
}
