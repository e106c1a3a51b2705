/** A worker thread as a function from request to promise. */
import { throwIfAborted } from "../../errors.ts";
import { Lifetime } from "../lifetime.ts";
import { untilAborted } from "../until-aborted.ts";
import type { RequestBody } from "./protocol.ts";
import { Withdrawal } from "./withdrawal.js";
import { RuntimeThread, type Reply } from "./runtime-thread.ts";

/** Starts its thread with the first request. */
export class WorkerClient {
  #thread: RuntimeThread | undefined;
  readonly #lifetime = new Lifetime("The runtime");

  get isDisposed(): boolean {
    return this.#lifetime.isOver;
  }

  /** @throws DISPOSED after `dispose`, and when it comes before the answer. */
  request(body: RequestBody, transfer: readonly ArrayBuffer[] = [], signal?: AbortSignal): Promise<Reply> {
    return this.#lifetime.during(() => this.#send(body, transfer, signal));
  }

  /** Gives back what goes with the thread anyway. */
  async release(body: RequestBody): Promise<void> {
    if (!this.#lifetime.isOver) await this.request(body);
  }

  dispose(): Promise<void> {
    return this.#lifetime.end(async () => {
      await this.#thread?.close();
    });
  }

  async #send(body: RequestBody, transfer: readonly ArrayBuffer[], signal?: AbortSignal): Promise<Reply> {
    throwIfAborted(signal);
    const thread = (this.#thread ??= new RuntimeThread());
    if (signal === undefined) return thread.request(body, transfer);
    const withdrawal = new Withdrawal();
    const reply = thread.request({ ...body, withdrawal: withdrawal.shared }, transfer);
    return untilAborted(reply, signal).catch((error: unknown) => {
      withdrawal.withdraw();
      throw error;
    });
  }
}
