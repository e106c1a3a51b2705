/** How much a page downloads for `import { openVae } from "vaekit"`, and what an installation takes. */
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { expect, inject, test } from "vitest";

const installed = inject("bundlers");

interface Chunk {
  readonly path: string;
  readonly gzipBytes: number;
}

/** What a page downloads. */
interface Download {
  /** With its own script. */
  readonly atOnce: readonly Chunk[];
  /** When it opens an AutoencoderKL. */
  readonly ofClass: readonly Chunk[];
  /** onnxruntime-web, in the page. */
  readonly engine: readonly Chunk[];
}

async function downloadOf(program: string, folder: string): Promise<Download> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: folder,
    stdin: { contents: program, resolveDir: folder },
    outdir: "unwritten",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const chunks = Object.keys(metafile.outputs).map((path): Chunk => {
    const file = outputFiles.find((each) => each.path === join(folder, path));
    return { path, gzipBytes: gzipSync(file!.contents, { level: 9 }).length };
  });
  const among = (paths: ReadonlySet<string>): Chunk[] => chunks.filter(({ path }) => paths.has(path));
  const atOnce = importedBy(metafile, "unwritten/stdin.js");
  const ofClass = importedBy(metafile, chunkOf(metafile, "dist/models/autoencoder-kl/model.js"));
  return {
    atOnce: among(atOnce),
    ofClass: among(ofClass).filter(({ path }) => !atOnce.has(path)),
    engine: chunks.filter(({ path }) => /\/ort\./.test(path)),
  };
}

/** The chunk in which a module of the package is. */
function chunkOf({ outputs }: Metafile, module: string): string {
  const found = Object.entries(outputs).find(([, { inputs }]) => `node_modules/vaekit/${module}` in inputs);
  return found![0];
}

/** What comes with a chunk, itself too. */
function importedBy({ outputs }: Metafile, chunk: string): Set<string> {
  const found = new Set<string>();
  const follow = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const each of outputs[path]!.imports) if (each.kind === "import-statement") follow(each.path);
  };
  follow(chunk);
  return found;
}

const sum = (chunks: readonly Chunk[]): number => chunks.reduce((total, each) => total + each.gzipBytes, 0);
const kilobytes = (bytes: number): string => `${(bytes / 1e3).toFixed(1)} kB`;

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const files = await Promise.all(names.map((name) => stat(join(folder, name))));
  return files.reduce((total, file) => total + (file.isFile() ? file.size : 0), 0);
}

/** The bytes of each package that an installation of one package brings along, by name. */
async function installationOf(name: string, without: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const follow = async (each: string): Promise<void> => {
    const folder = join(installed!.folder, "node_modules", each);
    // Optional ones for other platforms are not there.
    if (found.has(each) || without.includes(each) || !existsSync(folder)) return;
    found.set(each, 0);
    found.set(each, await bytesIn(folder));
    const json = await readFile(join(folder, "package.json"), "utf8");
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(json) as Record<string, object>;
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) await follow(next);
  };
  await follow(name);
  return found;
}

test.skipIf(installed === null).each(["openVae", "AutoencoderKL"])(
  "%s costs a page at most 60 kB before it opens a model",
  async (name) => {
    const program = `import { ${name} } from "vaekit"; globalThis.used = ${name};`;
    const { atOnce, ofClass, engine } = await downloadOf(program, installed!.folder);
    console.log(
      `${name}, gzipped: ${kilobytes(sum(atOnce))} at once, ${kilobytes(sum(ofClass))} for an AutoencoderKL`,
    );
    expect(sum(atOnce)).toBeLessThanOrEqual(60e3);
    // One for WebAssembly, one for WebGPU: each is fetched when it is needed.
    expect(engine).toHaveLength(2);
    expect(atOnce.filter((chunk) => engine.includes(chunk))).toEqual([]);
    // Classes that are not opened are not loaded.
    expect(ofClass.length).toBeGreaterThan(0);
  },
);

test.skipIf(installed === null)("an installation is at most 200 MB without the native engine", async () => {
  const bytes = await installationOf("vaekit", ["onnxruntime-node"]);
  const total = [...bytes.values()].reduce((a, b) => a + b);
  const largest = [...bytes].sort(([, a], [, b]) => b - a).slice(0, 10);
  const megabytes = (each: number): string => `${(each / 1e6).toFixed(1)} MB`;
  console.log(
    `installed without onnxruntime-node: ${megabytes(total)}, of which ${largest
      .map(([name, each]) => `${name} ${megabytes(each)}`)
      .join(", ")}`,
  );
  expect(total).toBeLessThanOrEqual(200e6);
});
