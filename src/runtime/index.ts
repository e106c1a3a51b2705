export { checkInputs } from "./check-inputs.ts";
export {
  devices,
  nextOf,
  type ConcreteDevice,
  type Device,
  type RunOptions,
  type Runtime,
  type Session,
  type SessionOptions,
  type FileStep,
  type JoinedRegions,
  type ReadStep,
  type RegionPart,
  type RunStep,
  type WriteStep,
  type Region,
  type State,
  type Workspace,
  type WorkspaceOptions,
  type WorkspaceStep,
} from "./runtime.ts";
export { checkGivenRuntime, type GivenRuntime } from "./given-runtime.ts";
export { LentRuntime } from "./lent-runtime.ts";
export { Lifetime } from "./lifetime.ts";
export { DisposableCache } from "./disposable-cache.ts";
export { Turns } from "./turns.ts";
export { untilAborted } from "./until-aborted.ts";
