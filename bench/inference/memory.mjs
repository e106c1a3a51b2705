/** What a process needs of the machine's memory. */
import { readFileSync } from "node:fs";

/**
 * The largest resident memory since the process started. Linux counts a child's `maxRSS` from its parent's, so
 * `VmHWM` comes first.
 */
export function peakBytes() {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // No /proc here: not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
