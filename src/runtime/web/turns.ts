/**
 * One piece of work after another on each build of onnxruntime-web that is loaded: it cannot create and run sessions
 * side by side, and what it is given for one session (the weights' files) it takes for another that is made meanwhile.
 * So two models in one page take turns.
 */
import type { OrtModule } from "./ort-module.ts";

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `task` after every task before it has ended, well or badly. */
  take<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

const known = new WeakMap<object, Turns>();

/** The turns of a build; by its class, which the module and its default export share. */
export function turnsOf({ InferenceSession }: OrtModule): Turns {
  const turns = known.get(InferenceSession) ?? new Turns();
  known.set(InferenceSession, turns);
  return turns;
}
