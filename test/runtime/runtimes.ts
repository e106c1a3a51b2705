/** The runtimes that every promise of `Runtime` is checked on. */
import * as ortWeb from "onnxruntime-web/wasm";
import type { Runtime } from "../../src/runtime/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { WebRuntime } from "../../src/runtime/web/web-runtime.ts";

// Counting the cores is the one thing that the WebAssembly build cannot do in Node.
ortWeb.env.wasm.numThreads = 1;

export const runtimeNames = ["onnxruntime-node", "onnxruntime-web (WebAssembly)"] as const;
export type RuntimeName = (typeof runtimeNames)[number];

export const createRuntime: Readonly<Record<RuntimeName, () => Runtime>> = {
  "onnxruntime-node": () => new NodeRuntime({ device: "cpu" }),
  "onnxruntime-web (WebAssembly)": () => new WebRuntime(ortWeb, { device: "cpu" }),
};
