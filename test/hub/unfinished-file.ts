/** Parts of files, as a transfer that broke off leaves them in the cache. */
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { blob, weights } from "./hostile-hub.ts";

/** Where a part of a file waits for the next call. */
export const parked = (content = weights): string => `${blob(content)}.vaekit-incomplete`;

/** A part that another writer has left: of a process of another machine, or nobody's. */
export async function leavePart(bytes: Buffer, { name = parked(), ageSeconds = 0 } = {}): Promise<string> {
  await mkdir(dirname(name), { recursive: true });
  await writeFile(name, bytes);
  const when = Date.now() / 1000 - ageSeconds;
  await utimes(name, when, when);
  return name;
}
