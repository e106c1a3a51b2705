/** The pictures of a command line, and what is said of those that cannot be read. */
import { leftOutText, PictureFiles } from "../node/index.ts";
import { usage, warn } from "./failure.ts";
import type { PictureOptions } from "./options.ts";
import { writeErrorLine } from "./terminal.ts";

/** So many unreadable pictures are named one by one; the rest is counted. */
const namedAtMost = 10;

/**
 * The files that are named, and the pictures directly inside the folders that are named.
 *
 * @throws as {@link PictureFiles.find}.
 */
export function findPictureFiles(
  args: readonly string[],
  { strict }: Pick<PictureOptions, "strict">,
): Promise<PictureFiles> {
  let named = 0;
  return usage(() =>
    PictureFiles.find(args, {
      strict,
      onListed: (folder, leftOut) => {
        const text = leftOutText(leftOut);
        if (text !== "") writeErrorLine(`${folder}: left out ${text}.`);
      },
      onUnreadable: ({ path, reason }) => {
        if (named++ < namedAtMost) warn(`left out ${path}: ${reason}.`);
      },
    }),
  );
}

/** Says at the end how many unreadable pictures were left out. */
export function warnOfUnreadable({ leftOut }: PictureFiles): void {
  const count = leftOut.unreadable.length;
  if (count === 0) return;
  const pictures = count === 1 ? "1 unreadable picture was" : `${count} unreadable pictures were`;
  warn(`${pictures} left out; --strict stops at the first.`);
}
