/** What calls end with when a graphics processor's device is lost. */
import { VaekitError } from "../../errors.ts";

/** The device is gone, or has reported an error: what it computes is not to be trusted. */
export class LostDeviceError extends VaekitError {}
