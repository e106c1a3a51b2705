/** What owns memory, by key, the least recently used disposed first: shapes are baked into sessions, so every size has its own. */

import { Lifetime } from "./lifetime.ts";

/** What owns memory until it is disposed. */
export interface Disposable {
  dispose(): Promise<void>;
}

export class DisposableCache<T extends Disposable> {
  readonly #capacity: number;
  readonly #entries = new Map<string, Promise<T>>();
  readonly #lifetime = new Lifetime("The model");

  /** @param capacity how many stay ready. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * What is there for `key`, made by `create` if nothing is. A failed creation is not remembered. The next call may dispose
   * of it: whoever uses it takes turns with the others.
   */
  async get(key: string, create: () => Promise<T>): Promise<T> {
    this.#lifetime.check();
    const known = this.#entries.get(key);
    const entry = known ?? create();
    this.#entries.delete(key);
    this.#entries.set(key, entry); // a Map iterates in insertion order: the last is the newest
    try {
      const ready = await entry;
      await this.#evict();
      return ready;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** Disposes everything; every later call is refused. */
  dispose(): Promise<void> {
    return this.#lifetime.end(async () => {
      const entries = [...this.#entries.values()];
      this.#entries.clear();
      await Promise.allSettled(entries.map(async (entry) => (await entry).dispose()));
    });
  }

  async #evict(): Promise<void> {
    while (this.#entries.size > this.#capacity) {
      const [key, oldest] = this.#entries.entries().next().value!;
      this.#entries.delete(key);
      await (await oldest).dispose();
    }
  }
}
