/** Work that has no signal of its own, ended by one all the same. */
import { abortedError, throwIfAborted } from "../errors.ts";

/**
 * What `work` gives; rejects at once when the signal fires. The work then goes on unseen.
 *
 * @throws ABORTED, and as `work`
 */
export async function abortable<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (signal === undefined) return work();
  throwIfAborted(signal);
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(abortedError(signal));
    };
  });
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
