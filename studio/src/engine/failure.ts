/** What went wrong, as a visitor reads it. */

export interface Failure {
  /** vaekit's code, where it is one of vaekit's errors. */
  readonly code: string | undefined;
  readonly message: string;
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  const code: unknown = "code" in error ? error.code : undefined;
  return { code: typeof code === "string" ? code : undefined, message: error.message };
}
