/** How long a page's main thread did not answer: between two ticks of a timer that should come every few milliseconds. */

const tickMs = 5;

/** Begins to watch; what it gives ends it, and tells the longest time in milliseconds for which the thread was busy. */
export function watchStalls(): () => number {
  let last = performance.now();
  let longest = 0;
  const tick = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last - tickMs);
    last = now;
  };
  const timer = setInterval(tick, tickMs);
  return () => {
    clearInterval(timer);
    tick();
    return Math.max(0, longest);
  };
}
