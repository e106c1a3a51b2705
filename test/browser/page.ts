/**
 * What runs in the page: the built package, and one function through which a test calls its own there. esbuild bundles this
 * file (page-bundle.ts); nothing in it is imported by a test but types.
 */
import * as vaekit from "vaekit";
import * as report from "vaekit/report";
import * as train from "vaekit/train";
import type * as Report from "../../src/report/public.ts";
import type * as Train from "../../src/train/public.ts";
import type * as Vaekit from "../../src/web/index.ts";
import { watchStalls } from "./stalls.ts";
import { decodeWire, encodeWire } from "./wire.ts";

/** What a function in the page has at hand. */
export interface PageScope {
  readonly vaekit: typeof Vaekit;
  readonly report: typeof Report;
  readonly train: typeof Train;
  readonly watchStalls: typeof watchStalls;
}

/** What went wrong in the page, as it is told to the test. */
export interface PageError {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
}

type InPage = (scope: PageScope, input: unknown) => unknown;

const scope = { vaekit, report, train, watchStalls } as unknown as PageScope;

/** Calls a test's function, and gives `{ result }` or `{ error }` as text. */
async function callInPage(run: InPage, input: string): Promise<string> {
  try {
    return encodeWire({ result: await run(scope, decodeWire(input)) });
  } catch (error) {
    return encodeWire({ error: toldOf(error) });
  }
}

function toldOf(error: unknown): PageError {
  if (!(error instanceof Error)) return { name: "not an Error", message: String(error) };
  const { name, message } = error;
  return "code" in error ? { name, message, code: String(error.code) } : { name, message };
}

Object.assign(globalThis, { callInPage });
