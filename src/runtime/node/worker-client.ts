/** A worker thread as a function from request to promise. */
import { throwIfAborted } from "../../errors.ts";
import { untilAborted } from "../until-aborted.ts";
import type { RequestBody } from "./protocol.ts";
import { Withdrawal } from "./withdrawal.js";
import { RuntimeThread, type Reply } from "./runtime-thread.ts";

/** Starts its thread with the first request. */
export class WorkerClient {
  #thread: RuntimeThread | undefined;

  async request(
    body: RequestBody,
    transfer: readonly ArrayBuffer[] = [],
    signal?: AbortSignal,
  ): Promise<Reply> {
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

  async dispose(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.close();
  }
}
