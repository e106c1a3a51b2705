/**
 * Programs of somebody who has installed the package: README's example, the training programs of docs/training.md and a page,
 * compiled by TypeScript with the two resolutions and no check left out, and run on each Node.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {object} Place
 * @property {string} project a folder in which vaekit is installed
 * @property {string} root of the checkout
 * @property {(command: string, args: readonly string[], settings?: { status?: number }) => string} run in the project; gives what was
 *   printed, and fails on another exit code
 * @property {(...args: readonly string[]) => unknown} npm in the project
 * @property {(line: string) => void} say
 */

/** Where TypeScript looks for the package, and what it knows of the platform. @type {Record<string, object>} */
const compilers = {
  nodenext: { module: "nodenext", lib: ["es2023"], types: ["node"] },
  "bundler for Node": {
    ...{ module: "esnext", moduleResolution: "bundler", customConditions: ["node"] },
    ...{ lib: ["es2023"], types: ["node"] },
  },
  bundler: { module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom"], types: [] },
};

/** Names that are there in Node alone; each import of one must fail in a page. */
const namesOfNode = {
  vaekit: ["NodeRuntime", "encodePng", "writeSafetensorsFile", "PictureFiles", "openFileSource"],
  "vaekit/train": ["train", "readRecipe"],
  "vaekit/report": ["measureRoundtrip"],
  "vaekit/tune": ["measureCosts"],
  "vaekit/node": ["NodeRuntime", "openVae"],
};

const page = `
  import * as ort from "onnxruntime-web/wasm";
  import { Generator, WebRuntime, type Runtime } from "vaekit";
  import { renderTrainingCurves } from "vaekit/report";
  import { Trainer } from "vaekit/train";
  // Counting the cores is the one thing that the WebAssembly build cannot do in Node.
  ort.env.wasm.numThreads = 1;
  const runtime: Runtime = new WebRuntime(ort);
  const data = Generator.torch(0).uniform([8, 3, 16, 16], -1, 1);
  await using trainer = await Trainer.fromRecipe(runtime, { steps: 2, batch_size: 4 }, { data });
  while (trainer.step < trainer.totalSteps) console.log((await trainer.advance()).terms.loss > 0);
  console.log(typeof renderTrainingCurves);
  await runtime.dispose();
`;

/** Makes the model and the pictures that README and docs/training.md speak of. */
const preparation = `
  import { mkdir, writeFile } from "node:fs/promises";
  import { AutoencoderKL, encodeImage } from "vaekit";
  const vae = await AutoencoderKL.default();
  await vae.savePretrained("models/my-vae");
  await vae.dispose();
  const raster = { width: 64, height: 64, channels: 3, data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i) % 251) } as const;
  await writeFile("photo.jpg", await encodeImage(raster, "photo.jpg"));
  await mkdir("photos", { recursive: true });
  for (let i = 0; i < 12; i++) await writeFile(\`photos/\${i}.png\`, await encodeImage(raster, "photo.png"));
`;

/**
 * @param {string} markdown
 * @param {string} part of the block of TypeScript that is meant
 */
function blockWith(markdown, part) {
  const blocks = [...markdown.matchAll(/^```ts\n(.*?)^```/gms)].map((match) => match[1] ?? "");
  const block = blocks.find((each) => each.includes(part));
  assert(block !== undefined, `no block of TypeScript with ${part}`);
  return block;
}

/** The same program in less time. @param {string} program */
function shortened(program) {
  const short = program
    .replace(/steps: \d+/, "steps: 2")
    .replace("resolution: 64", "resolution: 16")
    .replace("size: 512", "size: 64");
  assert.notEqual(short, program, "the program is not as it was");
  return short;
}

/** @param {Place} place @returns {Record<string, string>} */
function programsOf({ root }) {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const training = readFileSync(join(root, "docs/training.md"), "utf8");
  return {
    preparation,
    readme: shortened(blockWith(readme, "openVae(")),
    "train-folder": shortened(blockWith(training, "await train(")),
    "train-memory": shortened(blockWith(training, "Trainer.fromRecipe(")),
  };
}

/** @param {Place} place @param {string} resolution @param {readonly string[]} files @param {number} [status] */
function compile({ project, run }, resolution, files, status = 0) {
  const options = { strict: true, skipLibCheck: false, target: "es2022", outDir: "built", rootDir: "." };
  const compilerOptions = { ...options, ...compilers[resolution] };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  return run(process.execPath, [join("node_modules", "typescript", "bin", "tsc"), "-p", "."], { status });
}

/** @param {Place} place */
function compileAll(place) {
  const { project, say } = place;
  const programs = programsOf(place);
  for (const [name, program] of Object.entries(programs)) writeFileSync(join(project, `${name}.ts`), program);
  writeFileSync(join(project, "page.ts"), page);
  const files = Object.keys(programs).map((name) => `${name}.ts`);
  compile(place, "bundler for Node", files);
  compile(place, "nodenext", files);
  compile(place, "bundler", ["page.ts", "readme.ts"]);
  say(
    "README's example, the programs of docs/training.md and a page compile, strictly and with all libraries checked",
  );

  const imports = Object.entries(namesOfNode).flatMap(([entry, names]) =>
    names.map((name) => `export { ${name} as name${name} } from "${entry}";`),
  );
  imports.forEach((line, i) => {
    writeFileSync(join(project, `wrong-${i}.ts`), line);
  });
  const told = compile(
    place,
    "bundler",
    imports.map((_, i) => `wrong-${i}.ts`),
    2,
  );
  imports.forEach((line, i) => {
    assert(told.includes(`wrong-${i}.ts(1,`), `this compiles in a page: ${line}\n${told}`);
  });
  say(`${imports.length} names of Node do not compile in a page`);
}

/** @param {Place} place @param {string} node */
function runAll({ project, run, say }, node) {
  // A run has a folder of its own, and is not begun twice.
  rmSync(join(project, "runs"), { recursive: true, force: true });
  const version = run(node, ["--version"]).trim();
  const programs = ["preparation", "readme", "train-folder", "train-memory", "page-bundle"];
  for (const name of programs) run(node, [join("built", `${name}.js`)]);
  say(`${version}: ${programs.join(", ")} run`);
}

/** The programs' versions are the repository's. @param {string} root @returns {(name: string) => string} */
function ownVersions(root) {
  /** @type {unknown} */
  const json = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { devDependencies } = /** @type {{ devDependencies: Record<string, string> }} */ (json);
  return (name) => `${name}@${devDependencies[name] ?? "latest"}`;
}

/** Node of other majors, from the npm package of that name. @param {Place} place @param {readonly number[]} majors */
function otherNodes({ project, run, npm }, majors) {
  return majors.map((major) => {
    const folder = join(project, `node-${major}`);
    mkdirSync(folder);
    writeFileSync(join(folder, "package.json"), '{ "private": true }');
    npm("install", "--prefix", folder, `node@${major}`);
    const node = join(
      folder,
      "node_modules",
      "node",
      "bin",
      process.platform === "win32" ? "node.exe" : "node",
    );
    assert.match(run(node, ["--version"]), new RegExp(`^v${major}\\.`));
    return node;
  });
}

/** @param {Place} place */
function checkOldNode(place) {
  const [old = ""] = otherNodes(place, [18]);
  const message = /vaekit needs Node 20 or later, found Node 18\.\d+\.\d+\./;
  const main = join("node_modules", "vaekit", "dist", "cli", "main.js");
  assert.match(
    place.run(old, [main, "demo"], { status: 1 }),
    new RegExp(`^vaekit: ${message.source}[^\\n]*\\n$`),
  );
  assert.match(place.run(old, ["--input-type=module", "-e", 'import "vaekit"'], { status: 1 }), message);
  place.say("Node 18 is refused in one line");
}

/** @param {Place} place */
export function checkConsumers(place) {
  const { project, run, npm } = place;
  const versioned = ownVersions(place.root);
  npm("install", "--ignore-scripts", versioned("typescript"), versioned("@types/node"), versioned("esbuild"));
  writeFileSync(
    join(project, "package.json"),
    readFileSync(join(project, "package.json"), "utf8").replace("{", '{ "type": "module",'),
  );
  compileAll(place);
  const esbuild = join("node_modules", "esbuild", "bin", "esbuild");
  const bundling = ["--bundle", "--format=esm", "--platform=browser", "--target=es2022"];
  run(process.execPath, [
    esbuild,
    "page.ts",
    ...bundling,
    "--external:onnxruntime-web/*",
    "--outfile=built/page-bundle.js",
  ]);
  for (const node of [process.execPath, ...otherNodes(place, [20, 22, 24])]) runAll(place, node);
  checkOldNode(place);
}
