/** What went wrong, as a visitor reads it: a sentence in their language, vaekit's own beside it, and one thing to do. */

export const failureKinds = [
  "offline",
  "noAnswer",
  "otherSite",
  "notFound",
  "badConfig",
  "damaged",
  "pickle",
  "unsupported",
  "notForPictures",
  "noPicture",
  "notAFile",
  "noSimd",
  "memory",
  "engine",
] as const;
export type FailureKind = (typeof failureKinds)[number];

export interface Failure {
  readonly kind: FailureKind;
  /** In English, for whoever mends it. */
  readonly message: string;
}

/** A failure that is found in the page itself. */
export class KnownFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** @param isOtherSite whether another site was asked. */
export function failureOf(error: unknown, isOtherSite = false): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof KnownFailure) return { kind: error.kind, message };
  return { kind: kindOf(codeOf(error), message, isOtherSite), message };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function kindOf(code: unknown, message: string, isOtherSite: boolean): FailureKind {
  // Errors of WebAssembly, and plans that fit in no memory.
  if (/\b(memory|allocat\w*)\b/i.test(message)) return "memory";
  switch (code) {
    case "NOT_FOUND":
      return "notFound";
    case "INVALID_CONFIG":
      return "badConfig";
    case "INVALID_FILE":
      return message.includes("config.json") ? "badConfig" : "damaged";
    case "WEIGHTS_MISMATCH":
      return "damaged";
    case "UNSUPPORTED":
      return "unsupported";
    case "IO":
    case "HUB":
      return unanswered(isOtherSite);
    default:
      // A script of the page that did not come.
      return /import|fetch|load/i.test(message) ? unanswered(isOtherSite) : "engine";
  }
}

function unanswered(isOtherSite: boolean): FailureKind {
  if (!navigator.onLine) return "offline";
  return isOtherSite ? "otherSite" : "noAnswer";
}
