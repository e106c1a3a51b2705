/** Work that must not overlap, one piece after another. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `task` after every task before it has ended, well or badly. */
  take<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
