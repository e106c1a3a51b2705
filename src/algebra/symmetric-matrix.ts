/** A symmetric matrix of doubles, with all of its elements. */
export class SymmetricMatrix {
  readonly size: number;
  /** Row after row: [size, size]. */
  readonly values: Float64Array;

  /** @param at the element in row i and column j, asked for where j ≥ i. */
  constructor(size: number, at: (i: number, j: number) => number) {
    this.size = size;
    this.values = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = i; j < size; j++) this.values[i * size + j] = this.values[j * size + i] = at(i, j);
    }
  }
}
