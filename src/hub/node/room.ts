/** Before the first byte is fetched: whether what is missing is what a model has, and has room. */
import { stat } from "node:fs/promises";

import { jsonLimits } from "../../files/index.ts";
import { makeFolder } from "../../files/node/index.ts";
import { blobPath } from "./cache.ts";
import { checkDiskSpace } from "./disk-space.ts";
import { pointerOf } from "./download.ts";
import { beyondLimit } from "./hub-errors.ts";
import type { HubSettings } from "./options.ts";
import { keptBytes } from "./partial-file.ts";
import type { HubFile } from "./transfer.ts";

/** @throws {VaekitError} `IO` if the disk has no room for the files, `HUB` for a config of a size that none has */
export async function checkRoom(
  settings: HubSettings,
  commit: string,
  files: readonly HubFile[],
): Promise<void> {
  let neededBytes = 0;
  for (const file of files) {
    if (file.path.endsWith(".json") && file.sizeBytes > jsonLimits.maxBytes) {
      throw beyondLimit(
        settings,
        `lists ${file.path} with ${file.sizeBytes} bytes, more than any config has`,
      );
    }
    neededBytes += await missingBytes(settings, commit, file);
  }
  if (neededBytes === 0) return;
  await makeFolder(settings.cacheDir);
  await checkDiskSpace(settings.cacheDir, neededBytes, settings.id);
}

async function missingBytes(settings: HubSettings, commit: string, file: HubFile): Promise<number> {
  const blob = blobPath(settings, file.etag);
  for (const path of [pointerOf(settings, commit, file), blob]) {
    const status = await stat(path).catch(() => undefined);
    if (status?.size === file.sizeBytes) return 0;
  }
  return Math.max(0, file.sizeBytes - (await keptBytes(blob, settings.idleTimeoutMs)));
}
