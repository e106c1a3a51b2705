/** Batches of which none may lack a picture. */
import { VaekitError } from "../errors.ts";
import type { BatchSource } from "../data/index.ts";

/** The error for a picture that cannot be read where none may be left out. */
export function unreadablePicture(path: string, reason: string): VaekitError {
  const message = `${path}: ${reason.replace(/\.$/, "")}. Remove it, or leave it out by training without \`strict\`.`;
  return new VaekitError("INVALID_FILE", message);
}

/**
 * The same batches, until something is found wrong with them.
 *
 * @param faultOf what was found wrong so far.
 */
export function strictSource(source: BatchSource, faultOf: () => VaekitError | undefined): BatchSource {
  return {
    get exampleCount() {
      return source.exampleCount;
    },
    get batchesPerEpoch() {
      return source.batchesPerEpoch;
    },
    batch: async (index) => {
      const batch = await source.batch(index);
      const fault = faultOf();
      if (fault !== undefined) throw fault;
      return batch;
    },
    dispose: () => source.dispose(),
  };
}
