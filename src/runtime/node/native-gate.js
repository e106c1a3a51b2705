/**
 * Keeps a thread from being ended inside native code: onnxruntime-node then throws where nothing catches, and the
 * whole process is aborted. The thread enters the gate before native work and leaves it after; whoever is about to
 * end the thread closes the gate and waits until nobody is inside. Plain JavaScript, as is the thread that uses it.
 *
 * Either the one who enters sees that the gate is closed, or the one who closes sees that somebody is inside: each
 * writes first and reads then, and atomic operations have one order for all threads.
 */

const inside = 0;
const closed = 1;

export class NativeGate {
  /** To be handed to the other thread. @type {SharedArrayBuffer} */
  shared;
  /** @type {Int32Array<SharedArrayBuffer>} */
  #flags;

  constructor(shared = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#flags = new Int32Array(shared);
  }

  get isClosed() {
    return Atomics.load(this.#flags, closed) === 1;
  }

  /** @returns {boolean} whether it was open; otherwise nobody is inside afterwards */
  enter() {
    Atomics.store(this.#flags, inside, 1);
    if (!this.isClosed) return true;
    this.leave();
    return false;
  }

  leave() {
    Atomics.store(this.#flags, inside, 0);
    Atomics.notify(this.#flags, inside);
  }

  /** Nobody enters from now on; who is inside stays. */
  close() {
    Atomics.store(this.#flags, closed, 1);
  }

  /** Blocks until nobody is inside. */
  waitUntilEmpty() {
    Atomics.wait(this.#flags, inside, 1);
  }
}
