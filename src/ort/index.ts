export type { Attempt, Attempter } from "./attempt.ts";
export { isLabelledInBlocks, type Blocks } from "./blocked-convolutions.ts";
export type { BlockedLayout } from "./blocked-writer.ts";
export { ortDialect, type OrtForms } from "./dialect.ts";
export { joinExtras, sessionHints, weightsFolder, type SessionExtras } from "./session-extras.js";
export { switchedOff, switchesVariable, type OrtSwitches, type SwitchedOff } from "./switches.ts";
export { trickNames, tricks, type TrickDescription, type TrickName } from "./tricks.ts";
