export { allocate, type Allocation } from "./allocate.ts";
export { compileStrips, defaultStripElements, type CompileOptions } from "./compile.ts";
export { estimateProgram } from "./estimate.ts";
export { StripExecutor, type ExecuteOptions } from "./execute.ts";
export { fitToBudget, type FitOptions, type FittedProgram } from "./fit.ts";
export type { ProgramSegment, Scheduled, StripProgram, TensorId } from "./program.ts";
export { liveElements, type Reload } from "./residence.ts";
export { spill, type ChooseSpill } from "./spill.ts";
