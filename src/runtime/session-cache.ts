/** Sessions by key, the least recently used disposed first: shapes are baked in, so every size has its own. */

import { Lifetime } from "./lifetime.ts";

/** What owns memory until it is disposed. */
export interface Disposable {
  dispose(): Promise<void>;
}

export class SessionCache<T extends Disposable> {
  readonly #capacity: number;
  readonly #sessions = new Map<string, Promise<T>>();
  readonly #lifetime = new Lifetime("The model");
  #turn: Promise<unknown> = Promise.resolve();

  /** @param capacity how many sessions stay ready. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * Runs `work` with the session of `key`, after all work that was asked for before: no session is disposed
   * while it is in use, and no two runs hold their working memory at once.
   */
  use<R>(key: string, create: () => Promise<T>, work: (session: T) => Promise<R>): Promise<R> {
    const result = this.#turn.then(async () => work(await this.get(key, create)));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** The session of `key`, created by `create` if there is none. A failed creation is not remembered. */
  async get(key: string, create: () => Promise<T>): Promise<T> {
    this.#lifetime.check();
    const known = this.#sessions.get(key);
    const session = known ?? create();
    this.#sessions.delete(key);
    this.#sessions.set(key, session); // a Map iterates in insertion order: the last is the newest
    try {
      const ready = await session;
      await this.#evict();
      return ready;
    } catch (error) {
      if (this.#sessions.get(key) === session) this.#sessions.delete(key);
      throw error;
    }
  }

  /** Disposes every session; work that waits for its turn is refused. */
  dispose(): Promise<void> {
    return this.#lifetime.end(async () => {
      const sessions = [...this.#sessions.values()];
      this.#sessions.clear();
      await Promise.allSettled(sessions.map(async (session) => (await session).dispose()));
    });
  }

  async #evict(): Promise<void> {
    while (this.#sessions.size > this.#capacity) {
      const [key, oldest] = this.#sessions.entries().next().value!;
      this.#sessions.delete(key);
      await (await oldest).dispose();
    }
  }
}
