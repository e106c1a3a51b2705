/**
 * The worker of a page without a bundler, whose import map a worker does not see: the page says where onnxruntime-web is. It is
 * one file, with all that it needs but that (tools/build-package.mjs).
 */
import type { FromWorker, Link } from "./protocol.ts";
import { serve, type OrtEntry } from "./serve.ts";

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Link>) => void) | null;
  postMessage(message: FromWorker): void;
};

scope.onmessage = ({ data: { ort } }) => {
  void import(ort).then((entry: OrtEntry) => {
    serve(entry);
    scope.postMessage({ kind: "linked" });
  });
};
