export { checkInputs } from "./check-inputs.ts";
export {
  devices,
  nextOf,
  type ConcreteDevice,
  type Device,
  type RunOptions,
  type Runtime,
  type Session,
  type State,
} from "./runtime.ts";
export { SessionCache } from "./session-cache.ts";
