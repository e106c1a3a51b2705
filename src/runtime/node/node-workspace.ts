/** A workspace of the runtime's thread, as its callers see it. */
import { VaekitError } from "../../errors.ts";
import type { ByteSource } from "../../tensor/byte-source.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Workspace, WorkspaceStep } from "../runtime.ts";
import { NodeSession } from "./node-session.ts";
import { checkUnchanged } from "./place-weights.ts";
import type { StepMessage } from "./protocol.ts";
import { toTensors } from "./tensor-messages.ts";
import type { WorkerClient } from "./worker-client.ts";

export class NodeWorkspace implements Workspace {
  readonly #client: WorkerClient;
  readonly #workspace: number;
  #isDisposed = false;

  constructor(client: WorkerClient, workspace: number) {
    this.#client = client;
    this.#workspace = workspace;
  }

  async execute(
    steps: readonly WorkspaceStep[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Record<string, Tensor>> {
    if (this.#isDisposed) throw new VaekitError("DISPOSED", "The workspace was disposed.");
    checkUnchanged(mappedBy(steps));
    const body = { kind: "execute", workspace: this.#workspace, steps: steps.map(toStepMessage) } as const;
    const buffers = steps.flatMap((step) => (step.kind === "write" ? [step.data.buffer] : []));
    return toTensors(await this.#client.request(body, buffers, signal));
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#client.release({ kind: "release-workspace", workspace: this.#workspace });
  }
}

/** The files in which the weights of some steps lie, each once. */
function mappedBy(steps: readonly WorkspaceStep[]): ByteSource[] {
  const sessions = steps.flatMap((step) =>
    step.kind === "run" && step.session instanceof NodeSession ? [step.session] : [],
  );
  return [...new Set(sessions.flatMap(({ mapped }) => mapped))];
}

function toStepMessage(step: WorkspaceStep): StepMessage {
  if (step.kind !== "run") return step;
  const { session, ...rest } = step;
  if (session instanceof NodeSession) {
    session.throwIfDisposed();
    return { ...rest, session: session.id };
  }
  throw new VaekitError(
    "INVALID_ARGUMENT",
    "execute: expected a session of the same runtime as the workspace's.",
  );
}
