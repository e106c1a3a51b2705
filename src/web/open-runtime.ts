/** The runtime of a model in the browser: the one that is given, or one of its own. */
import { VaekitError } from "../errors.ts";
import { checkGivenRuntime, LentRuntime, type GivenRuntime, type Runtime } from "../runtime/index.ts";
import { missingModule } from "../runtime/web/missing-wasm.ts";
import { WebRuntime, type OrtModule } from "../runtime/web/web-runtime.ts";

const ofBrowsers = {
  expected: "a runtime of the browser, as new WebRuntime(ort) makes",
  has: (name: string): boolean => name === "onnxruntime-web",
};

/**
 * @param subject the call, for messages.
 * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
 * @throws INVALID_ARGUMENT when the given runtime cannot be used; UNSUPPORTED for a device that browsers do not have.
 */
export async function openRuntime(
  subject: string,
  given: GivenRuntime,
  ort: OrtModule | undefined,
): Promise<Runtime> {
  const { runtime, device } = given;
  checkGivenRuntime(subject, given, ofBrowsers);
  if (runtime === undefined) {
    return new WebRuntime(ort ?? (await defaultOrt()), device === undefined ? {} : { device });
  }
  if (ort === undefined) return new LentRuntime(runtime);
  const message = `${subject}: ort: the runtime that is passed beside it has its own. Leave one of them out.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** Loaded only when needed: the WebAssembly is several megabytes. */
async function defaultOrt(): Promise<OrtModule> {
  return await import("onnxruntime-web/wasm").catch((error: unknown) => {
    throw missingModule(error);
  });
}
