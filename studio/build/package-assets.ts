/** The package's own files that the page fetches: the built-in model as a folder in diffusers' format, and the sample picture. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const assets = new URL("../../assets/", import.meta.url);

/** By their path below the page. */
const files: Readonly<Record<string, string>> = {
  "model/config.json": "default-vae/config.json",
  "model/diffusion_pytorch_model.safetensors": "default-vae/diffusion_pytorch_model.safetensors",
  "pictures/sample.png": "sample.png",
};

export function packageAssets(): Plugin {
  return {
    name: "package-assets",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = new URL(request.url ?? "/", "http://localhost").pathname.slice(1);
        const file = files[path];
        if (file === undefined) next();
        else createReadStream(fileURLToPath(new URL(file, assets))).pipe(response);
      });
    },
    async generateBundle() {
      for (const [fileName, file] of Object.entries(files)) {
        this.emitFile({ type: "asset", fileName, source: await readFile(new URL(file, assets)) });
      }
    },
  };
}
