/** The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), seeded as PyTorch seeds it. */

/** Words of the state. */
export const stateSize = 624;
const shiftSize = 397;

/** Where an engine stands, in PyTorch's terms. */
export interface Mt19937State {
  /** The words of the current round. */
  readonly words: Int32Array;
  /** Index of the next word; 0 only before the first draw. */
  readonly next: number;
  /** Words of this round that are not drawn yet, plus 1: at 1 the next draw makes new ones. */
  readonly left: number;
}

/** A stream of 32-bit words. */
export class Mt19937 {
  readonly #state = new Int32Array(stateSize);
  #next = 0;
  #left = 1;

  /** @param seed only its low 32 bits matter, as in PyTorch. */
  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed | 0;
    for (let j = 1; j < stateSize; j++) {
      const previous = state[j - 1]!;
      state[j] = Math.imul(1812433253, previous ^ (previous >>> 30)) + j;
    }
  }

  /** Where this engine stands; a copy. */
  get state(): Mt19937State {
    return { words: this.#state.slice(), next: this.#next, left: this.#left };
  }

  set state({ words, next, left }: Mt19937State) {
    this.#state.set(words);
    this.#next = next;
    this.#left = left;
  }

  /** The next word, in [0, 2^32). */
  nextUint32(): number {
    if (--this.#left === 0) this.#regenerate();
    let word = this.#state[this.#next++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /** The next two words as one integer, the first word high. */
  nextUint64(): bigint {
    const high = BigInt(this.nextUint32());
    return (high << 32n) | BigInt(this.nextUint32());
  }

  /** 53 random bits (the low ones of a 64-bit draw) as a double in [0, 1). */
  nextFloat64(): number {
    const high = this.nextUint32() & 0x1fffff;
    return (high * 2 ** 32 + this.nextUint32()) * 2 ** -53;
  }

  #regenerate(): void {
    const state = this.#state;
    for (let i = 0; i < stateSize; i++) {
      const upper = state[i]! & 0x80000000;
      const lower = state[i + 1 < stateSize ? i + 1 : 0]! & 0x7fffffff;
      const mixed = upper | lower;
      const far = state[i + shiftSize < stateSize ? i + shiftSize : i + shiftSize - stateSize]!;
      state[i] = far ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
    this.#left = stateSize;
  }
}
