/**
 * Turns ONNX Runtime's telemetry off, before its first session turns it on. On Linux and macOS its library would write a
 * device's id and a data base of events into the user's cache and a log into the temporary folder, and look up the host to
 * send them to. Plain JavaScript, as is the worker that uses it.
 */
import { loadKoffi } from "../../ort/node/koffi.js";

/** The library reads it once, with its first session; "1" is off. */
const variable = "ORT_DISABLE_TELEMETRY";

/**
 * Who has set the variable, to whatever, has decided. Reaches the library from the main thread only: elsewhere `process.env`
 * is a copy.
 *
 * @param {NodeJS.ProcessEnv} environment
 */
export function turnTelemetryOff(environment = process.env) {
  environment[variable] ??= "1";
}

/**
 * The same from any thread: sets the variable in the environment of the process. Without koffi, which is optional, it is as
 * the program's main thread has left it.
 */
export function turnTelemetryOffFromThread() {
  if (process.platform === "win32") return;
  const koffi = loadKoffi();
  if (koffi === undefined) return;
  try {
    const setVariable = koffi.load(null).func("int setenv(const char *, const char *, int)");
    setVariable(variable, process.env[variable] ?? "1", keepsOther);
  } catch {
    // A platform whose C library has no such function.
  }
}

/** setenv's: a variable that is there stays. */
const keepsOther = 0;
