/** The one place that reads the switches of the environment. */
import { switchedOff, switchesVariable, type OrtSwitches, type SwitchedOff } from "../switches.ts";

/** @throws INVALID_ARGUMENT for a name that is not known. */
export const switchedOffHere = (option: OrtSwitches | undefined): SwitchedOff =>
  switchedOff(option, process.env[switchesVariable]);
