/** Work that nobody waits for any longer once a signal has fired. */
import { abortedError, throwIfAborted } from "../errors.ts";

/** Settles as `work` does, unless the signal fires before: then it rejects with ABORTED at once. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  // What is not waited for may fail without a word.
  work.catch(() => undefined);
  throwIfAborted(signal);
  return Promise.race([work, rejectOnAbort(signal, work)]);
}

/** Rejects when the signal fires before the work is done, and never resolves. */
function rejectOnAbort(signal: AbortSignal, work: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => {
      reject(abortedError(signal));
    };
    const stopListening = (): void => {
      signal.removeEventListener("abort", onAbort);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(stopListening, stopListening);
  });
}
