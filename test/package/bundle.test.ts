/** Programs that esbuild has put into one file run in Node, or say which file is missing there and what to do. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { savePictures } from "../train/train-cli.ts";
import { Consumer, encodeProgram } from "./consumer.ts";

let consumer: Consumer;
beforeAll(async () => {
  consumer = await Consumer.create();
  await savePictures(join(consumer.folder, "pictures"), 2);
});
afterAll(() => consumer.remove());

/** As compiled, module by module. */
const code = fileURLToPath(new URL("../../build/modules", import.meta.url));

/** Reads a batch in the thread of training's pictures, which is no export of the package. */
const pictureProgram = `
  import { PictureReader } from ${JSON.stringify(join(code, "data", "node", "picture-reader.js"))};
  const reader = new PictureReader({
    files: ["pictures/00.png"],
    decode: { shortSide: null, resolution: 16, channels: 3, maxPixels: 1e6 },
    range: "unit", cacheBytes: 1e6, decoders: 1,
  }, () => {});
  reader.read([{ example: 0, x: 0, y: 0, flip: false }])
    .then((batch) => console.log(batch.length, batch[1].toFixed(3)))
    .catch((error) => {
      console.log(error.code, error.message);
      process.exitCode = 1;
    });
`;

const packages = ["sharp", "koffi", "onnxruntime-node"];

async function bundle(program: string, options: BuildOptions): Promise<string> {
  const outfile = options.format === "cjs" ? "bundle.cjs" : "bundle.mjs";
  await writeFile(join(consumer.folder, "program.mjs"), program);
  await build({
    absWorkingDir: consumer.folder,
    entryPoints: ["program.mjs"],
    outfile,
    bundle: true,
    platform: "node",
    logLevel: "silent",
    ...options,
  });
  return outfile;
}

/** What bundles of ESM need for packages in CommonJS. */
const banner = {
  js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
};

const inside = {
  ESM: { format: "esm", external: packages, banner },
  CommonJS: { format: "cjs", external: packages },
} as const satisfies Record<string, BuildOptions>;

const forms: [string, BuildOptions][] = [
  ["ESM with packages left out", { format: "esm", packages: "external" }],
  ...Object.entries(inside).map(([form, options]): [string, BuildOptions] => [
    `${form} with vaekit inside`,
    options,
  ]),
];

/** Takes the installed package away while `task` runs. */
async function withoutPackage<T>(task: () => Promise<T>): Promise<T> {
  const installed = join(consumer.folder, "node_modules", "vaekit");
  await rename(installed, `${installed}-away`);
  try {
    return await task();
  } finally {
    await rename(`${installed}-away`, installed);
  }
}

describe("a bundle as", () => {
  test.each(forms)("%s computes what the program does", async (_, options) => {
    const plain = await consumer.run("plain.mjs", encodeProgram);
    expect(plain).toMatchObject({ code: 0, stderr: "" });
    const file = await bundle(encodeProgram, options);
    expect(await consumer.node([file])).toEqual(plain);
  });

  test.each(Object.entries(inside))("%s with vaekit inside reads pictures", async (_, options) => {
    const plain = await consumer.run("plain.mjs", pictureProgram);
    expect(plain).toMatchObject({ code: 0, stdout: expect.stringMatching(/^768 0\.\d+\n$/) as string });
    const file = await bundle(pictureProgram, options);
    expect(await consumer.node([file])).toEqual(plain);
  });

  const threads = {
    "runtime/node/worker.js": encodeProgram,
    "data/node/picture-worker.js": pictureProgram,
    "../assets/default-vae":
      'import { AutoencoderKL } from "vaekit"; AutoencoderKL.default().catch((error) => { console.log(error.code, error.message); process.exitCode = 1; });',
  };
  const cases = Object.entries(inside).flatMap(([form, options]) =>
    Object.entries(threads).map(([path, program]) => ({ form, path, program, options })),
  );
  test.each(cases)(
    "$form without an installed vaekit says that $path is missing and what to do",
    async ({ path, program, options }) => {
      const file = await bundle(program, options);
      const outcome = await withoutPackage(() => consumer.node([file]));
      expect(outcome).toMatchObject({ code: 1, stderr: "" });
      expect(outcome.stdout).toContain(join("vaekit", "dist", path));
      expect(outcome.stdout).toContain(join(consumer.folder, file));
      expect(outcome.stdout).toContain("--external:vaekit");
      expect(outcome.stdout.trim().split("\n")).toHaveLength(1);
    },
  );
});

/** The path of the first file that a module imports. */
async function firstImportOf(module: string): Promise<string> {
  const [, path] = /from "(\.[^"]+)"/.exec(await readFile(module, "utf8")) ?? [];
  return join(dirname(module), path!);
}

describe("a thread that cannot start", () => {
  const broken = {
    "runtime/node/worker.js": { program: encodeProgram, message: "the runtime's thread failed" },
    "data/node/picture-worker.js": {
      program: pictureProgram,
      message: "the thread that reads pictures failed",
    },
  };
  test.each(Object.entries(broken))(
    "because a module of %s is missing tells this cause",
    async (path, { program, message }) => {
      const file = await bundle(program, inside.ESM);
      const module = await firstImportOf(join(consumer.folder, "node_modules", "vaekit", "dist", path));
      await rename(module, `${module}-away`);
      const outcome = await consumer.node([file]);
      await rename(`${module}-away`, module);
      expect(outcome).toMatchObject({ code: 1, stderr: "" });
      expect(outcome.stdout).toMatch(/^RUNTIME /);
      expect(outcome.stdout).toContain(`${message}: Cannot find module`);
      expect(outcome.stdout).toContain(module);
    },
  );
});

const browserEntries = {
  "vaekit/web": "web/index.js",
  vaekit: "web/index.js",
  "vaekit/train": "train/public.js",
};
test.each(Object.entries(browserEntries))(
  "%s goes into a bundle for browsers, with nothing of Node",
  async (entry, part) => {
    const { metafile } = await build({
      absWorkingDir: consumer.folder,
      stdin: { contents: `export * from "${entry}";`, resolveDir: consumer.folder },
      bundle: true,
      platform: "browser",
      format: "esm",
      external: ["onnxruntime-web/*"],
      metafile: true,
      write: false,
      logLevel: "silent",
    });
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.some((path) => path.endsWith(part))).toBe(true);
    const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    const engines = ["onnxruntime-web/wasm", "onnxruntime-web/webgpu"];
    expect(outside.filter((path) => !engines.includes(path))).toEqual([]);
  },
);
