/** What the operating system's refusals mean to a user. */
import { messageOf, VaekitError } from "../../errors.ts";

/** The `code` of an error of the file system, such as ENOENT. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The error for a file or folder that could not be read. */
export function readError(path: string, error: unknown): VaekitError {
  if (error instanceof VaekitError) return error;
  const options = { cause: error };
  switch (systemCode(error)) {
    case "ENOENT":
    case "ENOTDIR":
      return new VaekitError("NOT_FOUND", `${path}: no such file or folder.`, options);
    case "EACCES":
    case "EPERM":
      return new VaekitError("IO", `${path}: may not be read; check its permissions.`, options);
    case "ELOOP":
      return new VaekitError("IO", `${path}: its symbolic links lead in a circle.`, options);
    case "ENAMETOOLONG":
      return new VaekitError("IO", `${path}: longer than a name may be here.`, options);
    case undefined:
    default:
      return new VaekitError("IO", `${path}: reading failed: ${messageOf(error)}.`, options);
  }
}

/** The error for a file that could not be written. */
export function writeError(path: string, error: unknown): VaekitError {
  if (error instanceof VaekitError) return error;
  const options = { cause: error };
  switch (systemCode(error)) {
    case "ENOENT":
    case "ENOTDIR":
      return new VaekitError("IO", `${path}: its folder does not exist; create it first.`, options);
    case "EISDIR":
    case "EEXIST":
    case "ENOTEMPTY":
      return new VaekitError("IO", `${path}: expected a file to write, found a folder.`, options);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new VaekitError("IO", `${path}: may not be written; check the folder's permissions.`, options);
    case "ENOSPC":
    case "EDQUOT":
      return new VaekitError(
        "IO",
        `${path}: the disk is full, or your share of it; nothing was written.`,
        options,
      );
    case "ENAMETOOLONG":
      return new VaekitError("IO", `${path}: longer than a name may be here; choose a shorter one.`, options);
    case undefined:
    default:
      return new VaekitError("IO", `${path}: writing failed: ${messageOf(error)}.`, options);
  }
}
