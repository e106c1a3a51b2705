/** What the platform knows of the machine that a model runs on. */
import type { CostProfile, Provider } from "../cost/index.ts";
import type { Resources } from "../plan/index.ts";

export interface Machine extends Resources {
  /** What operators cost there. */
  readonly costProfile: (provider: Provider) => Promise<CostProfile>;
}
