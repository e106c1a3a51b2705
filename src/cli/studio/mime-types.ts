/** What kind of file each is that the studio has, by the end of its name. Browsers run no module and no engine of another kind. */
import { extname } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".bin": "application/octet-stream",
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".safetensors": "application/octet-stream",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webp": "image/webp",
};

export const mimeTypeOf = (path: string): string => types[extname(path)] ?? "application/octet-stream";
