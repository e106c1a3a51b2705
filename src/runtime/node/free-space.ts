/** Whether a temporary file will fit, before hours of work find out that it does not. */
import { statfs } from "node:fs/promises";
import { messageOf, VaekitError } from "../../errors.ts";

/** @throws IO when `folder` cannot be read or has fewer bytes free. */
export async function checkFreeSpace(folder: string, byteLength: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder).catch((error: unknown) => {
    const message = `temporaryFolder: expected a folder that can be written, found ${folder} (${messageOf(error)}). Choose another folder.`;
    throw new VaekitError("IO", message, { cause: error });
  });
  const free = bavail * bsize;
  if (free >= byteLength) return;
  const message = `temporaryFolder: expected ${Math.ceil(byteLength / 1e6)} MB free in ${folder}, found ${Math.floor(free / 1e6)} MB. Free some, choose another folder, or allow more memory.`;
  throw new VaekitError("IO", message);
}
