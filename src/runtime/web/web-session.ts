/** A session of onnxruntime-web. */
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import { invariant, messageOf, throwIfAborted, VaekitError } from "../../errors.ts";
import type { Graph } from "../../graph/index.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkInputs } from "../check-inputs.ts";
import type { RunOptions, Session, State } from "../runtime.ts";
import { untilAborted } from "../until-aborted.ts";
import { withWasmRemedy } from "./missing-wasm.ts";
import { nextTask } from "./next-task.ts";
import type { GraphicsDevice } from "./graphics-device.ts";
import type { Turns } from "../turns.ts";
import { WebState } from "./web-state.ts";

type Tensors = Record<string, Tensor>;

export interface WebSessionParts {
  readonly turns: Turns;
  readonly graph: Graph;
  readonly session: InferenceSession;
  readonly Tensor: TensorConstructor;
  /** What it computes with, unless that is the processor. */
  readonly graphics: GraphicsDevice | undefined;
  readonly onDispose: (session: WebSession) => void;
}

export class WebSession implements Session {
  readonly #parts: WebSessionParts;
  #isDisposed = false;

  constructor(parts: WebSessionParts) {
    this.#parts = parts;
  }

  async run(inputs: Readonly<Tensors>, { state, signal }: RunOptions = {}): Promise<Tensors> {
    throwIfAborted(signal);
    this.throwIfDisposed();
    const { graph, turns } = this.#parts;
    const used = state === undefined ? undefined : stateIn(state);
    used?.throwIfDisposed();
    checkInputs(graph, inputs, used?.names);
    // Copies: the caller keeps the tensors, and may change them before the turn comes.
    const given = Object.fromEntries(
      Object.entries(inputs).map(([name, { data, shape, dtype }]) => [
        name,
        Tensor.from(data.slice(), shape, dtype),
      ]),
    );
    const work = turns.take(async () => {
      throwIfAborted(signal);
      const results = await this.runNow({ ...used?.inputsFor(graph, given), ...given });
      used?.take(results);
      return results;
    });
    return untilAborted(work, signal);
  }

  /** In a turn. The inputs are read before anything else can change them. */
  async runNow(inputs: Readonly<Tensors>): Promise<Tensors> {
    const { graph, session, graphics, Tensor: OrtTensorClass } = this.#parts;
    const feeds: Record<string, OrtTensor> = {};
    for (const [name, { dtype, data, shape }] of Object.entries(inputs)) {
      invariant(dtype === "float32", `a graph has no ${dtype} input in onnxruntime-web`);
      feeds[name] = new OrtTensorClass(dtype, data as Float32Array, shape);
    }
    await nextTask();
    const run = (): Promise<InferenceSession.ReturnType> => session.run(feeds);
    const results = await (graphics?.during(run) ?? run()).catch((error: unknown) => {
      const known = withWasmRemedy(error, `the graph ${graph.name}`);
      if (known instanceof VaekitError) throw known;
      const message = `onnxruntime-web could not run the graph ${graph.name}: ${messageOf(error)}`;
      throw new VaekitError("RUNTIME", message, { cause: error });
    });
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims }]) => [
        name,
        Tensor.from(data as Float32Array, dims),
      ]),
    );
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#parts.onDispose(this);
    await this.#parts.turns.take(() => this.#parts.session.release());
  }

  throwIfDisposed(): void {
    if (this.#isDisposed) throw new VaekitError("DISPOSED", "The session was disposed.");
  }
}

function stateIn(state: State): WebState {
  if (state instanceof WebState) return state;
  throw new VaekitError("INVALID_ARGUMENT", "run: expected a state of the same runtime as the session's.");
}
