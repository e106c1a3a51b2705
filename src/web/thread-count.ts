/** How many threads an operator takes in a browser. */

/** More of them help little, and the page has other work for its processors. */
const most = 4;

/**
 * One where threads cannot share memory: they can in pages that are cross-origin isolated, by the headers
 * `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`.
 */
export function defaultThreadCount(): number {
  if (!globalThis.crossOriginIsolated) return 1;
  return Math.max(1, Math.min(most, navigator.hardwareConcurrency));
}
