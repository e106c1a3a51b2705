/** The rules of docs/architecture.md: imports go one way, and the core knows neither Node nor the DOM. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

const root = new URL("../src", import.meta.url).pathname;

/** What each folder (or file) of src may import; all may import errors, and every folder itself. */
const mayImport: Record<string, readonly string[]> = {
  "errors.ts": ["util"],
  util: [],
  tensor: ["util"],
  files: ["tensor", "util"],
  graph: ["tensor", "util"],
  onnx: ["ort", "graph", "tensor", "util"],
  ort: ["onnx", "graph", "tensor", "util"],
  nn: ["graph", "tensor", "util"],
  rewrite: ["nn", "graph", "tensor", "util"],
  strips: ["rewrite", "runtime", "onnx", "graph", "tensor", "util"],
  cost: ["strips", "rewrite", "files", "runtime", "onnx", "graph", "nn", "tensor", "util"],
  random: ["tensor", "util"],
  autodiff: ["nn", "graph", "tensor", "util"],
  models: ["latents", "nn", "graph", "random", "tensor", "util"],
  weights: ["models", "files", "tensor", "util"],
  images: ["files", "tensor", "util"],
  latents: ["random", "tensor", "util"],
  runtime: ["rewrite", "files", "ort", "onnx", "graph", "tensor", "util"],
  recipe: ["models", "files", "tensor", "util"],
  train: [
    "autodiff",
    "nn",
    "models",
    "graph",
    "runtime",
    "latents",
    "images",
    "weights",
    "files",
    "recipe",
    "random",
    "tensor",
    "util",
  ],
  data: ["train", "files", "images", "random", "tensor", "util"],
  hub: ["models", "weights", "files", "util"],
  report: ["latents", "images", "tensor", "util"],
  vae: [
    "cost",
    "strips",
    "rewrite",
    "models",
    "weights",
    "latents",
    "random",
    "runtime",
    "onnx",
    "graph",
    "tensor",
    "util",
  ],
  "core.ts": [
    "vae",
    "models",
    "weights",
    "images",
    "latents",
    "random",
    "runtime",
    "onnx",
    "graph",
    "tensor",
    "util",
  ],
  training: [
    "node",
    "hub",
    "vae",
    "train",
    "data",
    "recipe",
    "report",
    "images",
    "models",
    "weights",
    "runtime",
    "files",
    "latents",
    "random",
    "tensor",
    "util",
  ],
  node: [
    "core.ts",
    "training",
    "vae",
    "cost",
    "hub",
    "images",
    "models",
    "random",
    "runtime",
    "tensor",
    "weights",
    "files",
    "latents",
    "util",
  ],
  web: ["core.ts", "vae", "cost", "models", "runtime", "files", "tensor", "weights", "util"],
  cli: [
    "node",
    "training",
    "cost",
    "strips",
    "rewrite",
    "runtime",
    "train",
    "data",
    "recipe",
    "report",
    "weights",
    "files",
    "images",
    "latents",
    "hub",
    "tensor",
    "core.ts",
    "util",
  ],
};

interface SourceFile {
  readonly path: string;
  /** Paths inside src. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
  readonly text: string;
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), "utf8");
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]!);
  const isOurs = (specifier: string): boolean => specifier.startsWith(".");
  return {
    path,
    text,
    imports: specifiers
      .filter((specifier) => isOurs(specifier) && /\.(ts|js)$/.test(specifier))
      .map((specifier) => relative(root, join(root, dirname(path), specifier))),
    packages: specifiers.filter((specifier) => !isOurs(specifier)),
  };
}

const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.(ts|js)$/.test(path) && !path.endsWith(".test.ts"))
  .map(readSource);

const layerOf = (path: string): string => path.split("/")[0]!;

function findCycle(): string[] | undefined {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return undefined;
    for (const next of byPath.get(path)?.imports ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(path);
    return undefined;
  };
  for (const { path } of files) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

describe("the architecture", () => {
  test("is seen by this test as a whole", () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.find(({ path }) => path === "vae/autoencoder-kl.ts")?.imports).toContain("models/index.ts");
  });

  test.each(Object.keys(mayImport))("%s imports only the layers below it", (layer) => {
    const allowed = new Set([layer, "errors.ts", ...mayImport[layer]!]);
    const wrong = files
      .filter(({ path }) => layerOf(path) === layer)
      .flatMap(({ path, imports }) =>
        imports
          .filter((target) => !allowed.has(layerOf(target)))
          .map((target) => `${path} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  test("has no folder without a rule", () => {
    expect(files.map(({ path }) => layerOf(path)).filter((layer) => !(layer in mayImport))).toEqual([]);
  });

  test("has no import cycle", () => {
    expect(findCycle()?.join(" → ")).toBeUndefined();
  });

  test("keeps Node and native packages out of the core", () => {
    const isPlatform = (path: string): boolean => /(^|\/)(node|cli|hub|training)(\/|\.ts$)/.test(path);
    const wrong = files
      .filter(({ path }) => !isPlatform(path))
      .flatMap(({ path, packages }) =>
        packages
          .filter((name) => name.startsWith("node:") || ["onnxruntime-node", "sharp"].includes(name))
          .map((name) => `${path} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  test("reads files of strangers only through src/files, where what never ends is refused", () => {
    // Files of the system, of this package, and streams of files that were opened and checked before.
    const mayRead = [
      "cli/package.ts",
      "hub/content-hash.ts",
      "hub/python-text.ts",
      "hub/transfer.ts",
      "ort/node/shared-arena.js",
      "training/run-folder/checkpoint.ts",
      "training/run-folder/lock.ts",
    ];
    const wrong = files
      .filter(({ path }) => !path.startsWith("files/") && !mayRead.includes(path))
      .filter(({ text }) => /\b(readFile|readFileSync|createReadStream)\(/.test(text))
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
  });

  test("lets only the entries and the CLI import the Node files of a layer", () => {
    const isNode = (path: string): boolean =>
      path
        .split("/")
        .slice(1)
        .some((part) => /^node(\.ts)?$/.test(part));
    const wrong = files
      .filter(({ path }) => !isNode(path) && !["node", "cli", "hub", "training"].includes(layerOf(path)))
      .flatMap(({ path, imports }) => imports.filter(isNode).map((target) => `${path} imports ${target}`));
    expect(wrong).toEqual([]);
  });
});
