/** What the pages of a browser that this process has started hold in memory, as Linux knows it. */
import { readdirSync, readFileSync } from "node:fs";

export interface RendererMemory {
  /** Now. */
  readonly residentBytes: number;
  /** The most that it was since the page was opened. */
  readonly peakBytes: number;
}

/**
 * Of the largest renderer, which is the page's where there is one page.
 *
 * @throws where there is none, as on other systems than Linux.
 */
export function rendererMemory(): RendererMemory {
  const found = descendants()
    .filter((id) => read(id, "cmdline").includes("--type=renderer"))
    .map((id): RendererMemory => ({ residentBytes: bytesOf(id, "VmRSS"), peakBytes: bytesOf(id, "VmHWM") }))
    .sort((a, b) => b.residentBytes - a.residentBytes);
  if (found[0] === undefined) throw new Error("there is no renderer among this process's children");
  return found[0];
}

/** The processes below this one. */
function descendants(): string[] {
  const parents = new Map<string, string>();
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    // The program's name is in parentheses and may hold anything.
    const [, parent = ""] = /\) \S (\d+)/.exec(read(id, "stat")) ?? [];
    parents.set(id, parent);
  }
  const isBelow = (id: string | undefined): boolean =>
    id !== undefined && (id === String(process.pid) || isBelow(parents.get(id)));
  return [...parents.keys()].filter((id) => id !== String(process.pid) && isBelow(id));
}

/** Empty for a process that has ended meanwhile. */
function read(id: string, name: string): string {
  try {
    return readFileSync(`/proc/${id}/${name}`, "utf8");
  } catch {
    return "";
  }
}

function bytesOf(id: string, name: "VmRSS" | "VmHWM"): number {
  const [, kilobytes = "0"] = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(read(id, "status")) ?? [];
  return Number(kilobytes) * 1024;
}
