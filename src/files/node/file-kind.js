/**
 * What lies at a path, by the words of a message. Plain JavaScript, because the threads that Node starts from the
 * sources as from the build import it.
 */

/**
 * `a folder`, `a device or a pipe` … for what is no regular file; undefined for a regular file.
 *
 * @param {Pick<import("node:fs").Stats, "isFile" | "isDirectory" | "isSocket">} status
 * @returns {string | undefined}
 */
export function otherKind(status) {
  if (status.isFile()) return undefined;
  if (status.isDirectory()) return "a folder";
  return status.isSocket() ? "a socket" : "a device or a pipe";
}
