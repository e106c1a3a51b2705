/** Begins to fetch what the engine will ask for, while the model is under way: the browser keeps it for the worker. */
import type { EngineHints } from "../../build/engine-hints.ts";

/** A guess of which build vaekit will take. Where it is wrong, the right one is fetched when it is asked for. */
async function likelyBuild(): Promise<string> {
  if (!("gpu" in navigator)) return "wasm";
  const { gpu } = navigator as { gpu: { requestAdapter(): Promise<Adapter | null> } };
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null || adapter.isFallbackAdapter || adapter.info?.isFallbackAdapter) return "wasm";
  return "Suspending" in WebAssembly ? "jspi" : "webgpu";
}

interface Adapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: { readonly isFallbackAdapter?: boolean };
}

export async function fetchEngineAhead(signal: AbortSignal): Promise<void> {
  const written = document.querySelector("#engine-hints")?.textContent;
  if (written === undefined) return;
  const hints = JSON.parse(written) as EngineHints;
  const names = hints[await likelyBuild()] ?? [];
  await Promise.all(names.map((name) => drained(new URL(name, document.baseURI), signal)));
}

/** Only what was read to its end is kept. */
async function drained(url: URL, signal: AbortSignal): Promise<void> {
  try {
    const { body } = await fetch(url, { signal });
    await body?.pipeTo(new WritableStream());
  } catch {
    // Then it comes when the engine asks, which says what is wrong.
  }
}
