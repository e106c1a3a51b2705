/** Which files the studio's page can ask for, each by its path: what is not in this list is not served. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { VaekitError } from "../../node/index.ts";
import { builtInModelFolder, samplePicture, studioFolder } from "../package.ts";

/** By path: `/index.html`, `/model/config.json`. */
export type ServedFiles = ReadonlyMap<string, string>;

export interface StudioFolders {
  /** In diffusers' format; the built-in model when left out. */
  readonly model?: string | undefined;
  /** What tools/build-studio.mjs makes; the package's own when left out. */
  readonly page?: string;
}

/**
 * The built studio, the engine of onnxruntime-web, the sample picture and a model.
 *
 * @throws NOT_FOUND where the studio has not been built, as in a fresh checkout.
 */
export async function studioFiles({
  model = builtInModelFolder(),
  page: folder = studioFolder(),
}: StudioFolders = {}): Promise<ServedFiles> {
  if (!existsSync(join(folder, "index.html"))) {
    const message = `The studio has not been built: ${folder} is missing. Run \`npm run build && npm ci --prefix studio && npm run build:studio\`.`;
    throw new VaekitError("NOT_FOUND", message);
  }
  const page = await filesBelow(folder);
  return new Map([
    ...page.map((name) => [`/${name}`, join(folder, name)] as const),
    ["/", join(folder, "index.html")],
    ["/pictures/sample.png", samplePicture()],
    ...(await engineFiles(folder)),
    ...(await modelFiles(model)),
  ]);
}

/** Paths of files, from `folder` on, with slashes. */
async function filesBelow(folder: string, under = ""): Promise<string[]> {
  const entries = await readdir(join(folder, under), { withFileTypes: true });
  const found = entries.map(async (entry): Promise<string[]> => {
    const name = `${under}${entry.name}`;
    return entry.isDirectory() ? filesBelow(folder, `${name}/`) : [name];
  });
  return (await Promise.all(found)).flat();
}

/** The list of the engine's files that the page was built with: their paths, which have hashes, and their names in onnxruntime-web. */
const engineList = "engine.json";
async function engineFiles(page: string): Promise<[string, string][]> {
  const names = JSON.parse(await readFile(join(page, engineList), "utf8")) as Record<string, string>;
  const folder = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/wasm"));
  return Object.entries(names).map(([path, name]) => [`/${path}`, join(folder, name)]);
}

/** What a model consists of; nothing else that lies in its folder. */
async function modelFiles(folder: string): Promise<[string, string][]> {
  const names = (await readdir(folder)).filter((name) => /^[^.].*\.(?:json|safetensors)$/.test(name));
  return names.map((name) => [`/model/${name}`, join(folder, name)]);
}
