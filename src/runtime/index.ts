export { checkInputs } from "./check-inputs.ts";
export {
  devices,
  type ConcreteDevice,
  type Device,
  type RunOptions,
  type Runtime,
  type Session,
} from "./runtime.ts";
export { SessionCache } from "./session-cache.ts";
