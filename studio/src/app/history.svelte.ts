/** What can be undone: the states that a view was in, as its address writes them. */
export class History {
  readonly #past: string[] = $state([]);
  readonly #future: string[] = $state([]);
  #present: string;

  constructor(present: string) {
    this.#present = present;
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** Called with every state that the view rests in. */
  record(present: string): void {
    if (present === this.#present) return;
    this.#past.push(this.#present);
    this.#future.length = 0;
    this.#present = present;
  }

  undo(): string | undefined {
    return this.#move(this.#past, this.#future);
  }

  redo(): string | undefined {
    return this.#move(this.#future, this.#past);
  }

  #move(from: string[], to: string[]): string | undefined {
    const next = from.pop();
    if (next === undefined) return undefined;
    to.push(this.#present);
    this.#present = next;
    return next;
  }
}
