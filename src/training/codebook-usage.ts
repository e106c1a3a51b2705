/** How much of a codebook pictures use, all of them together. */
export class CodebookUsage {
  #uses = new Float64Array();

  /** @param uses how often each row was used, [rows]. */
  add(uses: ArrayLike<number>): void {
    if (this.#uses.length === 0) this.#uses = new Float64Array(uses.length);
    for (let row = 0; row < uses.length; row++) this.#uses[row]! += uses[row]!;
  }

  /**
   * `perplexity`: the exponential of the entropy of the rows' shares, as many rows as would be used if all were used alike.
   * `codebook_usage`: the share of rows that were used at all.
   */
  result(): Record<"perplexity" | "codebook_usage", number> {
    const total = this.#uses.reduce((sum, each) => sum + each, 0);
    const used = this.#uses.filter((each) => each > 0);
    const entropy = used.reduce((sum, each) => sum - (each / total) * Math.log(each / total), 0);
    return { perplexity: Math.exp(entropy), codebook_usage: used.length / this.#uses.length };
  }
}
