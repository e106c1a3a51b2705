/** A workspace in JavaScript's memory, which the WebAssembly runtime copies from and to. */
import { messageOf, throwIfAborted, VaekitError } from "../../errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type {
  JoinedRegions,
  Region,
  Session,
  Workspace,
  WorkspaceOptions,
  WorkspaceStep,
} from "../runtime.ts";
import { untilAborted } from "../until-aborted.ts";
import type { Turns } from "../turns.ts";
import { WebSession } from "./web-session.ts";

type Tensors = Record<string, Tensor>;

export class WebWorkspace implements Workspace {
  readonly #turns: Turns;
  #memory: Float32Array<ArrayBuffer>;
  #isDisposed = false;

  constructor(turns: Turns, { size, fileSize = 0 }: WorkspaceOptions) {
    if (fileSize > 0) {
      const message =
        "exact tiling: the picture needs a temporary file, which this platform does not have; allow more memory.";
      throw new VaekitError("UNSUPPORTED", message);
    }
    this.#turns = turns;
    this.#memory = allocate(size);
  }

  async execute(
    steps: readonly WorkspaceStep[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Tensors> {
    throwIfAborted(signal);
    if (this.#isDisposed) throw new VaekitError("DISPOSED", "The workspace was disposed.");
    for (const step of steps) if (step.kind === "run") sessionIn(step.session).throwIfDisposed();
    // One turn for all steps: none of another call comes between them.
    const work = this.#turns.take(async () => {
      const read: Tensors = {};
      for (const step of steps) {
        throwIfAborted(signal);
        await this.#take(step, read);
      }
      return read;
    });
    return untilAborted(work, signal);
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.#turns.take(() => {
      this.#memory = new Float32Array(0);
      return Promise.resolve();
    });
  }

  async #take(step: WorkspaceStep, read: Tensors): Promise<void> {
    switch (step.kind) {
      case "run": {
        const inputs = mapValues(step.inputs, (region) => Tensor.from(this.#input(region), region.shape));
        const results = await sessionIn(step.session).runNow(inputs);
        for (const [name, region] of Object.entries(step.outputs)) {
          this.#view(region).set(results[name]!.data as Float32Array);
        }
        return;
      }
      case "write":
        this.#view(step.region).set(step.data);
        return;
      case "read":
        read[step.name] = Tensor.from(this.#view(step.region).slice(), step.region.shape);
        return;
      case "store":
      case "load":
        throw new VaekitError("UNSUPPORTED", "workspace: this platform has no temporary file.");
    }
  }

  #input(region: Region | JoinedRegions): Float32Array<ArrayBuffer> {
    if ("offset" in region) return this.#view(region);
    const joined = new Float32Array(sizeOf(region.shape));
    let end = 0;
    for (const { offset, size } of region.parts) {
      joined.set(this.#memory.subarray(offset, offset + size), end);
      end += size;
    }
    return joined;
  }

  #view({ offset, shape }: Region): Float32Array<ArrayBuffer> {
    return this.#memory.subarray(offset, offset + sizeOf(shape));
  }
}

function allocate(size: number): Float32Array<ArrayBuffer> {
  try {
    return new Float32Array(size);
  } catch (error) {
    const megabytes = Math.ceil((size * Float32Array.BYTES_PER_ELEMENT) / 1e6);
    const message = `exact tiling: ${megabytes} MB of memory could not be had (${messageOf(error)}). Set maxMemoryBytes, or take a smaller picture.`;
    throw new VaekitError("RUNTIME", message, { cause: error });
  }
}

function sessionIn(session: Session): WebSession {
  if (session instanceof WebSession) return session;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    "execute: expected a session of the same runtime as the workspace's.",
  );
}

const mapValues = <A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
