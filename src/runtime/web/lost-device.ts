/** What calls end with when a graphics processor's device is lost. */
import { NoEngineError } from "../no-engine-error.ts";

/** The device is gone, or has reported an error: what it computes is not to be trusted. */
export class LostDeviceError extends NoEngineError {}
