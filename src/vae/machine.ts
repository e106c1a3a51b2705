/** What the platform knows of the machine that a model runs on. */
import type { CostProfile, Provider } from "../cost/index.ts";

export interface Machine {
  /** Bytes that this process holds now; undefined where the platform does not say. */
  readonly processBytes: () => number | undefined;
  /** Bytes that it can have besides; undefined where the platform does not say. */
  readonly availableBytes: () => number | undefined;
  /** Whether there are temporary files. */
  readonly hasFiles: boolean;
  /** What operators cost there. */
  readonly costProfile: (provider: Provider) => Promise<CostProfile>;
}
