/**
 * The one family of errors. Every message says what was expected, what was found and what to do;
 * `code` is for programs, `cause` keeps the original error.
 */

import { messageText } from "./util/printable.ts";

/** What went wrong, for programs. */
export type ErrorCode =
  /** An argument or a tensor has the wrong type, shape or range. */
  | "INVALID_ARGUMENT"
  /** A model config has a wrong or contradictory value. */
  | "INVALID_CONFIG"
  /** A file's content breaks its format, or is not what was asked for. */
  | "INVALID_FILE"
  /** A file or folder is not there. */
  | "NOT_FOUND"
  /** The weights do not fit the model: missing, of another shape, or ambiguous. */
  | "WEIGHTS_MISMATCH"
  /** The hub refused, is out of reach, or answered nonsense. */
  | "HUB"
  /** Reading or writing failed: permissions, a full disk. */
  | "IO"
  /** The runtime could not create or run a session. */
  | "RUNTIME"
  /** The operation is known but not available here. */
  | "UNSUPPORTED"
  /** A result, or the weights that it came from, hold NaN or infinite values. */
  | "NOT_FINITE"
  /** The caller's AbortSignal fired. */
  | "ABORTED"
  /** The model or session was disposed, before the call or during it. */
  | "DISPOSED";

/** What an error says beside its message. */
export interface VaekitErrorOptions {
  /** The original error. */
  readonly cause?: unknown;
  /** Further lines of the message, each for one of several findings. */
  readonly details?: readonly string[];
}

/** An error that a user can act on. Programs branch on `code`. */
export class VaekitError extends Error {
  /** "VaekitError". */
  override readonly name: string = "VaekitError";
  /** What went wrong, for programs. */
  readonly code: ErrorCode;

  /**
   * @param message quotes names and values of strangers; whatever could steer a terminal is spelled out, and what is too
   *   long is cut.
   */
  constructor(code: ErrorCode, message: string, options: VaekitErrorOptions = {}) {
    const { cause, details = [] } = options;
    super([message, ...details].map(messageText).join("\n"), cause === undefined ? {} : { cause });
    this.code = code;
  }
}

/** A broken promise between two parts of vaekit: always a bug of ours, never a user's mistake. */
export class InternalError extends Error {
  override readonly name = "InternalError";

  constructor(message: string, options?: { cause?: unknown }) {
    super(`internal: ${message}`, options);
  }
}

/** Throws an {@link InternalError} unless `condition` holds. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InternalError(message);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error says that something was disposed while it was in use. */
export function isDisposal(error: unknown): error is VaekitError {
  return error instanceof VaekitError && error.code === "DISPOSED";
}

/** Throws the `ABORTED` error if `signal` has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortedError(signal);
}

/** The error that an aborted operation rejects with. */
export function abortedError(signal: AbortSignal): VaekitError {
  return new VaekitError("ABORTED", "The operation was aborted.", { cause: signal.reason });
}
