/**
 * Writes into the page which files the engine's builds fetch, so that they can come side by side with the model: by themselves they
 * would be asked for when the model has arrived.
 */
import type { Plugin } from "vite";

/** By the build's name, as paths below the page: its worker's script, its WebAssembly. */
export type EngineHints = Readonly<Record<string, readonly string[]>>;

export function engineHints(): Plugin {
  return {
    name: "engine-hints",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(_, { bundle = {} }) {
        const names = Object.keys(bundle);
        const hints = Object.fromEntries(
          Object.entries(wasmOf).map(([build, wasm]) => [
            build,
            names.filter((name) => name.includes(`/${build}-worker-`) || wasm.test(name)),
          ]),
        );
        const attrs = { type: "application/json", id: "engine-hints" };
        return [{ tag: "script", attrs, children: JSON.stringify(hints), injectTo: "head" }];
      },
    },
  };
}

const wasmOf: Readonly<Record<string, RegExp>> = {
  wasm: /ort-wasm-simd-threaded-[^.]*\.wasm$/,
  jspi: /ort-wasm-simd-threaded\.jspi-[^.]*\.wasm$/,
  webgpu: /ort-wasm-simd-threaded\.asyncify-[^.]*\.wasm$/,
};
