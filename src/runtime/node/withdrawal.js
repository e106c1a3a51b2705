/**
 * Tells the runtime's thread that nobody waits for a request any longer: a message would wait behind the requests
 * before. Plain JavaScript, as is the thread that reads it.
 */
export class Withdrawal {
  /** To be handed to the other thread. @type {SharedArrayBuffer} */
  shared;
  /** @type {Int32Array<SharedArrayBuffer>} */
  #flag;

  constructor(shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#flag = new Int32Array(shared);
  }

  withdraw() {
    Atomics.store(this.#flag, 0, 1);
  }

  get isWithdrawn() {
    return Atomics.load(this.#flag, 0) === 1;
  }
}
