/** The runtime that a caller hands to a model, checked before anything is opened for it. */
import { VaekitError } from "../errors.ts";
import { describeValue } from "../util/describe-value.ts";
import type { Device, Runtime } from "./runtime.ts";

/** A runtime that the caller owns, and what it decides by itself. */
export interface GivenRuntime {
  readonly runtime?: Runtime | undefined;
  readonly device?: Device | undefined;
  readonly threadCount?: number | undefined;
}

/** What computes on a platform. */
export interface RuntimePlatform {
  /** As in "expected a runtime, as …". */
  readonly expected: string;
  /** Whether a runtime of this name computes there. */
  readonly has: (name: string) => boolean;
}

const methods = ["resolve", "createSession", "createState", "createWorkspace", "dispose"] as const;

/**
 * @param subject the call, for messages: "fromPretrained".
 * @throws INVALID_ARGUMENT when what is given is no runtime, another platform's or disposed, or when an option beside it would
 *   decide what it has decided.
 */
export function checkGivenRuntime(subject: string, given: GivenRuntime, platform: RuntimePlatform): void {
  const runtime: unknown = given.runtime;
  if (runtime === undefined) return;
  const fail = (text: string): never => {
    throw new VaekitError("INVALID_ARGUMENT", `${subject}: ${text}`);
  };
  const expected = `runtime: expected ${platform.expected}`;
  if (!isRuntime(runtime)) return fail(`${expected}, found ${describeValue(runtime)}.`);
  if (!platform.has(runtime.name)) return fail(`${expected}, found one of ${runtime.name}.`);
  if (runtime.isDisposed) return fail("runtime: expected one in use, found one that was disposed.");
  for (const key of ["device", "threadCount"] as const) {
    if (given[key] === undefined) continue;
    fail(
      `${key}: the runtime that is passed beside it has its own. Leave it out, and give it to the runtime.`,
    );
  }
}

function isRuntime(value: unknown): value is Runtime {
  if (typeof value !== "object" || value === null) return false;
  const hasMethods = methods.every((method) => typeof Reflect.get(value, method) === "function");
  return hasMethods && typeof Reflect.get(value, "name") === "string";
}
