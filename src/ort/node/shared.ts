/** Something that is found out once, by whichever of several owners needs it first. */
export class Shared<T> {
  #found: { readonly owner: object; readonly value: Promise<T> } | undefined;

  /** Asked again where it failed: for others when its owner was only disposed meanwhile. */
  async get(owner: object, ask: () => Promise<T>): Promise<T> {
    for (;;) {
      const found = (this.#found ??= { owner, value: ask() });
      try {
        return await found.value;
      } catch (error) {
        if (this.#found === found) this.#found = undefined;
        if (found.owner === owner) throw error;
      }
    }
  }
}
