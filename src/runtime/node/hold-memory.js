/**
 * Makes glibc's allocator keep what is freed for what comes next, instead of giving it back to the system. The many short runs of a
 * workspace take and free the same memory again and again: faulting it in anew took up to a tenth of the time, in processes whose
 * heaps happened to lie so that every run emptied one. Plain JavaScript, as is the worker that uses it.
 *
 * @see https://sourceware.org/glibc/manual/latest/html_node/Malloc-Tunable-Parameters.html
 */

/** glibc's malloc.h. */
const parameters = { trimThreshold: -1, topPad: -2, mmapThreshold: -3 };

/** The largest block that may lie in a heap, and how large the heap of a thread may become. */
const largestBlockBytes = 32 * 2 ** 20;
const heapBytes = 64 * 2 ** 20;
const never = 2 ** 31 - 1;

/**
 * Does nothing where there is no glibc, or no way to call it: then runs are slower, and everything else is the same.
 * What it sets holds for the whole process.
 *
 * @returns {Promise<boolean>} whether the allocator took it
 */
export async function holdFreedMemory() {
  if (process.platform !== "linux") return false;
  try {
    const { default: koffi } = await import("koffi");
    const library = koffi.load("libc.so.6");
    /** @type {(parameter: number, value: number) => number} 1 where it worked */
    const set = library.func("int mallopt(int parameter, int value)");
    return [
      set(parameters.mmapThreshold, largestBlockBytes),
      set(parameters.trimThreshold, never),
      // A heap's end that is smaller than this stays, and so does the heap.
      set(parameters.topPad, heapBytes),
    ].every((result) => result === 1);
  } catch {
    // Another C library, or a platform for which koffi has no binary.
    return false;
  }
}
