/** Runs a program of strips on a runtime. */
import type { Region, Runtime, Session, Workspace, WorkspaceStep } from "../runtime/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { allocate, type Allocation } from "./allocate.ts";
import { groupAffine } from "./group-statistics.ts";
import type { Operation, Statistics, StripProgram, TensorId } from "./program.ts";
import { lengthOf, type Rows } from "./rows.ts";

export interface ExecuteOptions {
  /** Where the temporary file goes, if the program has one. */
  readonly temporaryFolder?: string;
  readonly signal?: AbortSignal;
  /** Called with the number of operations that are done. */
  readonly onProgress?: (done: number) => void;
}

/** Steps that go to the runtime together: enough that their message costs nothing beside them. */
const batchSize = 8;

type Affine = Readonly<Record<string, Tensor>>;

/**
 * A program with its sessions, which stay ready for the next picture of the same size. One picture at a time.
 */
export class StripExecutor {
  readonly #runtime: Runtime;
  readonly #program: StripProgram;
  readonly #allocation: Allocation;
  readonly #sessions = new Map<number, Promise<Session>>();
  #affine: Promise<Affine> | undefined;

  constructor(runtime: Runtime, program: StripProgram) {
    this.#runtime = runtime;
    this.#program = program;
    this.#allocation = allocate(program);
  }

  /** @param x the program's input, [1, C, H, W]. */
  async run(x: Tensor<"float32">, options: ExecuteOptions = {}): Promise<Tensor<"float32">> {
    const { size, fileSize } = this.#allocation;
    const folder = options.temporaryFolder === undefined ? {} : { folder: options.temporaryFolder };
    const workspace = await this.#runtime.createWorkspace({ size, fileSize, ...folder });
    try {
      const run = new StripRun(this, workspace, x, options);
      return await run.finish();
    } finally {
      await workspace.dispose();
    }
  }

  get program(): StripProgram {
    return this.#program;
  }

  region(tensor: TensorId): Region {
    return { offset: this.#allocation.offsets[tensor]!, shape: this.#program.shapes[tensor]! };
  }

  position(place: number): number {
    return this.#allocation.placeOffsets[place]!;
  }

  session(graph: number): Promise<Session> {
    const session = this.#sessions.get(graph) ?? this.#runtime.createSession(this.#program.graphs[graph]!);
    this.#sessions.set(graph, session);
    return session;
  }

  /** The session of a graph of weights, which is used once: the caller disposes it. */
  weightsSession(graph: number): Promise<Session> {
    return this.#runtime.createSession(this.#program.weights[graph]!);
  }

  /** Weight and bias of every normalisation. */
  affine(): Promise<Affine> {
    return (this.#affine ??= this.#readAffine());
  }

  async #readAffine(): Promise<Affine> {
    const { affine } = this.#program;
    if (affine === undefined) return {};
    const session = await this.#runtime.createSession(affine);
    try {
      return await session.run({});
    } finally {
      await session.dispose();
    }
  }

  /** Disposes the sessions. */
  async dispose(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.allSettled(sessions.map(async (session) => (await session).dispose()));
  }
}

/** One picture on its way. */
class StripRun {
  readonly #executor: StripExecutor;
  readonly #workspace: Workspace;
  readonly #x: Tensor<"float32">;
  readonly #options: ExecuteOptions;
  readonly #result: Tensor<"float32">;
  #steps: WorkspaceStep[] = [];
  readonly #fetched = new Map<string, Rows>();

  constructor(
    executor: StripExecutor,
    workspace: Workspace,
    x: Tensor<"float32">,
    options: ExecuteOptions,
  ) {
    this.#executor = executor;
    this.#workspace = workspace;
    this.#x = x;
    this.#options = options;
    this.#result = Tensor.zeros(executor.program.output.shape);
  }

  async finish(): Promise<Tensor<"float32">> {
    const { operations } = this.#executor.program;
    for (const [index, operation] of operations.entries()) {
      await this.#take(operation);
      if (this.#steps.length < batchSize) continue;
      await this.#flush();
      this.#options.onProgress?.(index + 1);
    }
    await this.#flush();
    this.#options.onProgress?.(operations.length);
    return this.#result;
  }

  async #take(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case "run": {
        const session = await this.#executor.session(operation.graph);
        this.#steps.push(this.#runStep(session, operation.inputs, operation.outputs));
        return;
      }
      case "weights": {
        const session = await this.#executor.weightsSession(operation.graph);
        this.#steps.push(this.#runStep(session, {}, operation.outputs));
        await this.#flush();
        await session.dispose();
        return;
      }
      case "statistics":
        return this.#normalize(operation);
      case "feed": {
        const data = rowsOf(this.#x, operation.rows);
        this.#steps.push({ kind: "write", region: this.#executor.region(operation.tensor), data });
        return;
      }
      case "fetch": {
        const name = `rows ${operation.rows.begin}`;
        this.#fetched.set(name, operation.rows);
        this.#steps.push({ kind: "read", region: this.#executor.region(operation.tensor), name });
        return;
      }
      case "store":
      case "load": {
        const region = this.#executor.region(operation.tensor);
        const position = this.#executor.position(operation.place);
        this.#steps.push({ kind: operation.kind, region, position });
      }
    }
  }

  #runStep(
    session: Session,
    inputs: Readonly<Record<string, TensorId>>,
    outputs: Readonly<Record<string, TensorId>>,
  ): WorkspaceStep {
    const regions = (tensors: Readonly<Record<string, TensorId>>): Record<string, Region> =>
      Object.fromEntries(
        Object.entries(tensors).map(([name, tensor]) => [name, this.#executor.region(tensor)]),
      );
    return { kind: "run", session, inputs: regions(inputs), outputs: regions(outputs) };
  }

  /** Moments of all strips → scale and shift. */
  async #normalize(statistics: Statistics): Promise<void> {
    const name = (index: number, moment: string): string => `${index} ${moment}`;
    statistics.strips.forEach(({ mean, deviation }, index) => {
      const read = { mean, deviation };
      for (const [moment, tensor] of Object.entries(read)) {
        this.#steps.push({ kind: "read", region: this.#executor.region(tensor), name: name(index, moment) });
      }
    });
    const moments = await this.#flush();
    const affine = await this.#executor.affine();
    const { scale, shift } = groupAffine({
      groups: statistics.groups,
      epsilon: statistics.epsilon,
      weight: affine[statistics.weight]!.data as Float32Array,
      bias: affine[statistics.bias]!.data as Float32Array,
      strips: statistics.strips.map(({ pixels }, index) => ({
        pixels,
        means: moments[name(index, "mean")]!.data as Float32Array,
        deviations: moments[name(index, "deviation")]!.data as Float32Array,
      })),
    });
    const written = [
      [statistics.scale, scale],
      [statistics.shift, shift],
    ] as const;
    for (const [tensor, data] of written) {
      this.#steps.push({ kind: "write", region: this.#executor.region(tensor), data });
    }
  }

  async #flush(): Promise<Record<string, Tensor>> {
    const steps = this.#steps;
    this.#steps = [];
    if (steps.length === 0) return {};
    const { signal } = this.#options;
    const read = await this.#workspace.execute(steps, signal === undefined ? {} : { signal });
    for (const [name, rows] of this.#fetched) pasteRows(this.#result, read[name]!, rows);
    this.#fetched.clear();
    return read;
  }
}

/** A copy of rows of x [1, C, H, W]. */
function rowsOf(x: Tensor<"float32">, rows: Rows): Float32Array<ArrayBuffer> {
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const length = lengthOf(rows) * width;
  const data = new Float32Array(channels * length);
  for (let channel = 0; channel < channels; channel++) {
    const first = (channel * height + rows.begin) * width;
    data.set(x.data.subarray(first, first + length), channel * length);
  }
  return data;
}

/** Puts a strip in its place in x [1, C, H, W]. */
function pasteRows(x: Tensor<"float32">, strip: Tensor, rows: Rows): void {
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const length = lengthOf(rows) * width;
  for (let channel = 0; channel < channels; channel++) {
    const values = (strip.data as Float32Array).subarray(channel * length, (channel + 1) * length);
    x.data.set(values, (channel * height + rows.begin) * width);
  }
}
