export { allocate, type Allocation } from "./allocate.ts";
export { compileStrips, type CompileOptions } from "./compile.ts";
export { StripExecutor, type ExecuteOptions } from "./execute.ts";
export type { StripProgram } from "./program.ts";
