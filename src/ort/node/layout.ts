/** ONNX Runtime's blocked layout as this machine has it, asked once, and only for what a graph needs. */
import type { Graph } from "../../graph/index.ts";
import { blockSizeProbe, groupsProbe, type BlockedLayout, type LayoutProbe } from "../index.ts";

/** Runs a probe's model on the processor. */
type Ask = <T>(probe: LayoutProbe<T>) => Promise<T>;

export class Layout {
  readonly #ask: Ask;
  #size: Promise<number | undefined> | undefined;
  #hasGroups: Promise<boolean> | undefined;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Undefined where there are no blocks. Asked again after a failure, as when the runtime was disposed meanwhile. */
  blockSize(): Promise<number | undefined> {
    return (this.#size ??= this.#askSize().catch((error: unknown) => {
      this.#size = undefined;
      throw error;
    }));
  }

  async for({ composites }: Graph): Promise<BlockedLayout | undefined> {
    const size = await this.blockSize();
    if (size === undefined) return undefined;
    const isAsked = composites.some(({ kind }) => kind === "WeightGradient");
    return { size, hasGroups: isAsked && (await this.#groups(size)) };
  }

  /**
   * ONNX Runtime's kernels for x64 have blocks, with any vector unit; on other processors they may not, and then its
   * operators write where they must not instead of saying so.
   */
  async #askSize(): Promise<number | undefined> {
    return process.arch === "x64" ? this.#ask(blockSizeProbe()) : undefined;
  }

  #groups(size: number): Promise<boolean> {
    return (this.#hasGroups ??= this.#ask(groupsProbe(size)).catch(() => false));
  }
}
