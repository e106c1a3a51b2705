/**
 * The rules of docs/architecture.md, each a function over a list of files: of the tree, and of planted ones that break
 * it.
 */
import { mayImport } from "./layers.ts";
import type { SourceFile } from "./source-files.ts";

/** What breaks the rule, a line for each; none where all is well. */
export type Rule = (files: readonly SourceFile[]) => string[];

/** The folder of src, or the file directly in it. */
export const layerOf = (path: string): string => path.split("/")[0]!;

const isIn =
  (...layers: readonly string[]) =>
  (path: string): boolean =>
    layers.includes(layerOf(path));

/** Whether a file lies in a folder of that name, at whatever depth. */
const hasFolder = (path: string, ...names: readonly string[]): boolean =>
  path
    .split("/")
    .slice(0, -1)
    .some((folder) => names.includes(folder));

/** Where Node's own modules and globals are at home. */
const isOfNode = (path: string): boolean => hasFolder(path, "node", "cli", "training");

/** A rule about single imports. */
function onImports(isWrong: (from: string, to: string) => boolean): Rule {
  return (files) =>
    files.flatMap(({ path, imports }) =>
      imports.filter((target) => isWrong(path, target)).map((target) => `${path} imports ${target}`),
    );
}

/** Imports go one way. */
export const layers: Rule = onImports((from, to) => {
  const allowed = mayImport[layerOf(from)] ?? [];
  return ![layerOf(from), "errors.ts", ...allowed].includes(layerOf(to));
});

/** What belongs to one class is reached through models/, but by the registry and by what is about the same class. */
export const classesAreReachedThroughModels: Rule = onImports((from, to) => {
  const folder = /^models\/([^/]+)\//.exec(to)?.[1];
  if (folder === undefined || ["models/index.ts", "models/registry.ts"].includes(from)) return false;
  return !from.split("/").some((part) => part === folder || part === `${folder}.ts`);
});

/** Layers that are about certain classes by their nature, and files that bring a class to a program by its name. */
const mayNameClasses = [
  /^(models|recipe|train|training)\//,
  /^core\.ts$/,
  // Results have diffusers' names.
  /^latents\/(index|outputs)\.ts$/,
  /^(node|web)\/index\.ts$/,
  /^(vae|node|web)\/(autoencoder-kl|mlp-vae)\.ts$/,
  // The table of those.
  /^(node|web)\/classes\.ts$/,
  // Python's line that converts a pickle.
  /^weights\/pickle\.ts$/,
  // The built-in model.
  /^web\/default-model\.ts$/,
  /^cli\/(open-model|commands\/demo)\.ts$/,
];

const comments = /\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm;

/** Whatever works on models knows no class of them. */
export const noClassNames: Rule = (files) =>
  files
    .filter(({ path }) => !mayNameClasses.some((each) => each.test(path)))
    .flatMap(({ path, text }) => {
      const named = text.replace(comments, "").match(/\b(AutoencoderKL|MlpVae)\b/g) ?? [];
      return [...new Set(named)].map((name) => `${path} names ${name}`);
    });

/** ONNX Runtime's own ways are the native runtime's affair. */
export const ortIsForNativeRuntime: Rule = onImports(
  (from, to) => layerOf(to) === "ort" && layerOf(from) !== "ort" && !from.startsWith("runtime/node/"),
);

/** Of package.json: each entry's file on each platform, by the condition that leads to it. */
type Exports = Readonly<Record<string, string | Readonly<Record<string, unknown>>>>;

/** The source files of the entries that a program in Node imports vaekit by. */
function entriesInNode(exports: Exports): string[] {
  const fileOf = (target: unknown): string | undefined => {
    if (typeof target === "string") return target;
    if (typeof target !== "object" || target === null) return undefined;
    return fileOf(Reflect.get(target, "node") ?? Reflect.get(target, "default"));
  };
  return Object.values(exports).flatMap((target) => {
    const file = fileOf(target);
    return file?.endsWith(".js") === true ? file.replace(/^\.\/dist\/(.*)\.js$/, "$1.ts") : [];
  });
}

/** The command line is a program like any other: it imports what vaekit exports. */
export const cliUsesExports = (exports: Exports): Rule => {
  const entries = entriesInNode(exports);
  return onImports((from, to) => layerOf(from) === "cli" && layerOf(to) !== "cli" && !entries.includes(to));
};

/** A run of training is for whoever asks for vaekit/train: no other entry brings it along. */
export const trainingHasOneDoor: Rule = onImports(
  (from, to) =>
    ["training", "train", "recipe"].includes(layerOf(to)) &&
    (["node", "web", "core.ts", "vae"].includes(layerOf(from)) ||
      (layerOf(from) === "cli" && to !== "training/index.ts")),
);

/** Every folder has its place in the order. */
export const noUnknownFolder: Rule = (files) =>
  [...new Set(files.map(({ path }) => layerOf(path)))]
    .filter((layer) => !Object.hasOwn(mayImport, layer))
    .map((layer) => `${layer} has no rule in test/architecture/layers.ts`);

/** The first cycle that is found. */
export const noCycle: Rule = (files) => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const finished = new Set<string>();
  const cycleFrom = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return undefined;
    for (const next of byPath.get(path)?.imports ?? []) {
      const cycle = cycleFrom(next, [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(path);
    return undefined;
  };
  for (const { path } of files) {
    const cycle = cycleFrom(path, []);
    if (cycle !== undefined) return [cycle.join(" → ")];
  }
  return [];
};

const nativePackages = ["onnxruntime-node", "sharp", "koffi"];

/** Node's modules and native packages stay out of the core. */
export const noNodeModules: Rule = (files) =>
  files
    .filter(({ path }) => !isOfNode(path))
    .flatMap(({ path, packages }) =>
      packages
        .filter((name) => name.startsWith("node:") || nativePackages.includes(name))
        .map((name) => `${path} imports ${name}`),
    );

const nodeGlobals = ["process", "Buffer", "NodeJS", "require", "__dirname", "__filename", "setImmediate"];
const browserGlobals = [
  "document",
  "window",
  "navigator",
  "location",
  "self",
  "localStorage",
  "indexedDB",
  "caches",
  "Worker",
  "XMLHttpRequest",
  "ImageData",
  "ImageBitmap",
  "createImageBitmap",
  "OffscreenCanvas",
  "HTMLElement",
  "HTMLCanvasElement",
  "HTMLImageElement",
  "Document",
  "Location",
];

/** The globals of one platform stay there, also as properties of globalThis. */
export const noPlatformGlobals: Rule = (files) =>
  files.flatMap(({ path, globals }) => {
    const isOfWeb = hasFolder(path, "web");
    const strange = [
      ...(isOfNode(path) ? [] : nodeGlobals),
      ...(isOfWeb ? [] : browserGlobals),
      ...(isOfNode(path) || isOfWeb ? [] : ["globalThis", "global"]),
    ];
    return strange.filter((name) => globals.has(name)).map((name) => `${path} uses ${name}`);
  });

// Files of the system, of this package, and streams of files that were opened and checked before.
const mayRead = [
  "cli/package.ts",
  "cli/studio/studio-files.ts",
  "cli/studio/studio-server.ts",
  "hub/node/content-hash.ts",
  "hub/node/python-text.ts",
  "hub/node/transfer.ts",
  "ort/node/shared-arena.js",
  "training/run-folder/checkpoint.ts",
  "training/run-folder/lock.ts",
];

/** Files of strangers are read only through src/files, where what never ends is refused. */
export const readsThroughFiles: Rule = (files) =>
  files
    .filter(({ path }) => layerOf(path) !== "files" && !mayRead.includes(path))
    .filter(({ text }) => /\b(readFile|readFileSync|createReadStream)\(/.test(text))
    .map(({ path }) => `${path} reads files by itself`);

const isPlatformFile = (path: string): boolean =>
  path
    .split("/")
    .slice(1)
    .some((part) => /^(node|web)(\.ts)?$/.test(part));

/** What a layer has for one platform is for the entries of that platform, and for what runs in Node alone. */
export const platformFilesAreForEntries: Rule = onImports(
  (from, to) => isPlatformFile(to) && !isPlatformFile(from) && !isIn("node", "web", "cli", "training")(from),
);

/** Flags of other programs: npm's, and esbuild's. */
const otherFlags = ["--ignore-scripts", "--external"];

/** The library speaks of its options; the command line alone knows its flags. A variable of CSS is none. */
export const noFlagsInMessages: Rule = (files) =>
  files
    .filter(({ path }) => layerOf(path) !== "cli")
    .flatMap(({ path, strings }) =>
      strings
        .flatMap((text) => text.match(/(?<![\w(-])--[a-z][a-z-]*(?![a-z-]*:)|command line/g) ?? [])
        .filter((flag) => !otherFlags.includes(flag))
        .map((flag) => `${path} says ${flag}`),
    );
