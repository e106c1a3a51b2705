/** sharp for calls that are about no one picture file. */
import type sharp from "sharp";
import { VaekitError } from "../../errors.ts";
import { loadSharp } from "./load-sharp.js";
import { PictureFault } from "./picture-fault.js";

/**
 * @param subject the call, for messages.
 * @throws UNSUPPORTED where sharp is not installed or has no library for this platform.
 */
export async function sharpFor(subject: string): Promise<typeof sharp> {
  try {
    return await loadSharp();
  } catch (error) {
    if (!(error instanceof PictureFault)) throw error;
    throw new VaekitError(error.code, `${subject}: ${error.message}.`, { cause: error.cause });
  }
}
