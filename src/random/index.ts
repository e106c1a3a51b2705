/** Random tensors: PyTorch's CPU generator bit for bit, and a counter-based generator of our own. */
export type { BaseGenerator, FloatDType } from "./base-generator.ts";
export { Generator } from "./generator.ts";
export type { PhiloxGenerator } from "./philox-generator.ts";
export type { TorchGenerator } from "./torch-generator.ts";
