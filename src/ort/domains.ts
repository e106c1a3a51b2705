/** ONNX Runtime's names for operators that are not ONNX's. */

/** Its operators on channels in blocks. */
export const blockedDomain = "com.microsoft.nchwc";

/** Those of its own that stand beside ONNX's. */
export const contribDomain = "com.microsoft";
