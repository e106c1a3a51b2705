/** What no other device and no other try would mend. */
import { VaekitError } from "../errors.ts";

/** The engine cannot compute here, or not this; the message says what to do, and needs no other around it. */
export class NoEngineError extends VaekitError {}
