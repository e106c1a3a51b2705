/** Arrays with a margin on both sides that shows whether something wrote beside them. Plain JavaScript, as is the worker that uses it. */
import { Buffer } from "node:buffer";

/** Elements; more than any operator reaches beyond the last row of a tiny model's tensors. */
const margin = 1024;

/** Bytes of a margin: as a float32, a number that no model gives. */
const untouched = Buffer.alloc(margin * Float32Array.BYTES_PER_ELEMENT, 0xa5);

export class GuardedArray {
  /** @type {Buffer[]} */
  #margins;
  /** Between the margins. @type {Float32Array<ArrayBuffer>} */
  data;

  /** @param {number} size elements */
  constructor(size) {
    const whole = new Float32Array(size + 2 * margin);
    this.data = whole.subarray(margin, margin + size);
    this.#margins = [0, (margin + size) * Float32Array.BYTES_PER_ELEMENT].map((offset) =>
      Buffer.from(whole.buffer, offset, untouched.length),
    );
    for (const each of this.#margins) untouched.copy(each);
  }

  get isIntact() {
    return this.#margins.every((each) => each.equals(untouched));
  }
}
