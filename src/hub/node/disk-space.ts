/** Room on the disk, asked before and during downloads: a full disk harms more than the one who filled it. */
import { statfs } from "node:fs/promises";

import { VaekitError } from "../../errors.ts";

/** @throws {VaekitError} `IO` unless the disk of `folder` has room for `neededBytes` more. */
export async function checkDiskSpace(folder: string, neededBytes: number, what: string): Promise<void> {
  // Some file systems do not tell; writing will show.
  const system = await statfs(folder).catch(() => undefined);
  if (system === undefined) return;
  const freeBytes = system.bavail * system.bsize;
  // A file system in memory may report no blocks at all.
  if (system.blocks === 0 || freeBytes >= neededBytes) return;
  throw new VaekitError(
    "IO",
    `${folder}: ${what} needs ${neededBytes} bytes more, found ${freeBytes} free. ` +
      "Free some space, or set HF_HUB_CACHE to a folder on another disk.",
  );
}
