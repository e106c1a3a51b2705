/** Errors of the model with the name of the file that it worked on. */
import { VaekitError } from "../node/index.ts";

/**
 * Runs `work` on the picture or latents of a file.
 *
 * @throws NOT_FINITE with the file's name in front, where the model's result is not finite.
 */
export async function naming<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VaekitError) || error.code !== "NOT_FINITE") throw error;
    throw new VaekitError(error.code, `${file}: ${error.message}`, { cause: error });
  }
}
