/** The rules of docs/architecture.md: imports go one way, and the core knows neither Node nor the DOM. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import * as rules from "./architecture/rules.ts";
import { mayImport } from "./architecture/layers.ts";
import { parseSource, readSources } from "./architecture/source-files.ts";

const { exports } = manifest;
const files = readSources(fileURLToPath(new URL("../src", import.meta.url)));

/** What a rule says of planted files, by their paths. */
function verdictOn(rule: rules.Rule, planted: Readonly<Record<string, string>>): string[] {
  return rule(Object.entries(planted).map(([path, text]) => parseSource(path, text)));
}

interface Row {
  readonly rule: rules.Rule;
  /** Files that break it, and what it says of them. */
  readonly planted: Readonly<Record<string, string>>;
  readonly expected: readonly string[];
}

const rows: Readonly<Record<string, Row>> = {
  "each layer imports only those below it": {
    rule: rules.layers,
    planted: {
      "tensor/a.ts": 'import type { Graph } from "../graph/index.ts";',
      "graph/b.ts": 'export * from "../onnx/index.ts"; import { VaekitError } from "../errors.ts";',
      "models/c.ts": 'const late = await import("../vae/coder.ts");',
      "nn/d.ts": 'type T = import("../models/index.ts").T;',
    },
    expected: [
      "tensor/a.ts imports graph/index.ts",
      "graph/b.ts imports onnx/index.ts",
      "models/c.ts imports vae/coder.ts",
      "nn/d.ts imports models/index.ts",
    ],
  },
  "only the native runtime imports ONNX Runtime's own ways": {
    rule: rules.ortIsForNativeRuntime,
    planted: {
      "onnx/a.ts": 'import { ortDialect } from "../ort/index.ts";',
      "runtime/web/b.ts": 'import { ortDialect } from "../../ort/index.ts";',
      "runtime/node/c.ts": 'import { ortDialect } from "../../ort/index.ts";',
    },
    expected: ["onnx/a.ts imports ort/index.ts", "runtime/web/b.ts imports ort/index.ts"],
  },
  "a class of autoencoder is reached through models/": {
    rule: rules.classesAreReachedThroughModels,
    planted: {
      "vae/a.ts": 'import { formatConfig } from "../models/autoencoder-kl/config.ts";',
      "models/b.ts": 'import { keys } from "./mlp-vae/config.ts";',
      "models/mlp-vae/c.ts":
        'import { conv } from "../autoencoder-kl/graph.ts"; import { own } from "./config.ts"; import "../model.ts";',
      "models/registry.ts": 'import { mlpVae } from "./mlp-vae/model.ts";',
      "train/classes/mlp-vae.ts": 'import { mlpEncoder } from "../../models/mlp-vae/graph.ts";',
    },
    expected: [
      "vae/a.ts imports models/autoencoder-kl/config.ts",
      "models/b.ts imports models/mlp-vae/config.ts",
      "models/mlp-vae/c.ts imports models/autoencoder-kl/graph.ts",
    ],
  },
  "what works on models names no class of them": {
    rule: rules.noClassNames,
    planted: {
      "vae/a.ts": "// AutoencoderKL\nimport type { AutoencoderKL } from '../node/index.ts';",
      "hub/b.ts": "throw new Error(`expected an AutoencoderKL, found ${name}`);",
      "strips/c.ts":
        "/** As diffusers' AutoencoderKL\n * and MlpVae. */ const x = new AutoencoderKLOutput(y);",
      "training/d.ts": "const model = AutoencoderKL.fromConfig({});",
    },
    expected: ["vae/a.ts names AutoencoderKL", "hub/b.ts names AutoencoderKL"],
  },
  "the command line imports only what package.json exports": {
    rule: rules.cliUsesExports(exports),
    planted: {
      "cli/a.ts": 'import { VaekitError } from "../node/index.ts"; import { print } from "./format.ts";',
      "cli/commands/b.ts": 'export * from "../../node/open-vae.ts"; import "../../training/index.ts";',
      "cli/c.ts":
        'import { VaekitError } from "../errors.ts"; import { printable } from "../util/printable.ts";',
      "node/d.ts": 'import { VaekitError } from "../errors.ts";',
    },
    expected: [
      "cli/commands/b.ts imports node/open-vae.ts",
      "cli/c.ts imports errors.ts",
      "cli/c.ts imports util/printable.ts",
    ],
  },
  "training has one door": {
    rule: rules.trainingHasOneDoor,
    planted: {
      "node/index.ts": 'export { train } from "../training/train.ts";',
      "core.ts": 'export { klWeight } from "./train/index.ts";',
      "cli/commands/train.ts": 'import { RunDirectory } from "../../training/run-folder/index.ts";',
      "cli/commands/b.ts": 'import { train } from "../../training/index.ts";',
      "training/c.ts": 'import { Trainer } from "../train/index.ts";',
    },
    expected: [
      "node/index.ts imports training/train.ts",
      "core.ts imports train/index.ts",
      "cli/commands/train.ts imports training/run-folder/index.ts",
    ],
  },
  "every folder has a rule": {
    rule: rules.noUnknownFolder,
    planted: { "misc/a.ts": "", "misc/b.ts": "", "more.ts": "", "tensor/c.ts": "" },
    expected: [
      "misc has no rule in test/architecture/layers.ts",
      "more.ts has no rule in test/architecture/layers.ts",
    ],
  },
  "no import goes in a circle": {
    rule: rules.noCycle,
    planted: {
      "tensor/a.ts": 'import "./b.ts";',
      "tensor/b.ts": 'export { c } from "./c.ts";',
      "tensor/c.ts": 'import type { b } from "./b.ts";',
    },
    expected: ["tensor/b.ts → tensor/c.ts → tensor/b.ts"],
  },
  "Node's modules and native packages stay out of the core": {
    rule: rules.noNodeModules,
    planted: {
      "vae/a.ts": 'import { readFile } from "node:fs/promises"; import { z } from "zod";',
      "images/b.ts": 'const sharp = await import("sharp");',
      "images/node/c.ts": 'import sharp from "sharp";',
      "runtime/web/d.ts": 'import type { InferenceSession } from "onnxruntime-node";',
    },
    expected: [
      "vae/a.ts imports node:fs/promises",
      "images/b.ts imports sharp",
      "runtime/web/d.ts imports onnxruntime-node",
    ],
  },
  "globals of a platform stay out of the core": {
    rule: rules.noPlatformGlobals,
    planted: {
      "vae/a.ts": "const threads = process.env.THREADS;",
      "tensor/b.ts": "function bytes(x: Buffer): void { window.alert(x); }",
      "images/c.ts": "const { document } = globalThis; const own = { process: 1 }.process;",
      "images/d.ts": "interface Buffer {} const window = 1; const b: Buffer = window; b.process();",
      "web/e.ts": "navigator.gpu; document.baseURI; process.exit();",
      "hub/node/f.ts": "process.env.HOME; Buffer.from(location.href);",
    },
    expected: [
      "vae/a.ts uses process",
      "tensor/b.ts uses Buffer",
      "tensor/b.ts uses window",
      "images/c.ts uses globalThis",
      "web/e.ts uses process",
      "hub/node/f.ts uses location",
    ],
  },
  "files of strangers are read through src/files, where what never ends is refused": {
    rule: rules.readsThroughFiles,
    planted: { "weights/node/a.ts": "await readFile(path);", "files/node/b.ts": "readFileSync(path);" },
    expected: ["weights/node/a.ts reads files by itself"],
  },
  "the library's messages know no flags of the command line": {
    rule: rules.noFlagsInMessages,
    planted: {
      "images/a.ts": 'throw new Error("--set steps: expected key=value");',
      "models/b.ts": "const remedy = `Pass ${name} (on the command line: --as FAMILY).`; // --as",
      "runtime/c.ts":
        '"Add it with `npm install --ignore-scripts`"; "models--org--name"; x--; "--ink: #fff; a { color: var(--ink); }"',
      "cli/d.ts": '"--offline"',
    },
    expected: ["images/a.ts says --set", "models/b.ts says command line", "models/b.ts says --as"],
  },
  "a layer's files of one platform are for the entries": {
    rule: rules.platformFilesAreForEntries,
    planted: {
      "vae/a.ts": 'import { NodeRuntime } from "../runtime/node/node-runtime.ts";',
      "runtime/b.ts": 'import { WebRuntime } from "./web/web-runtime.ts";',
      "weights/node/c.ts": 'import { openFileSource } from "../../files/node/index.ts";',
      "node/d.ts": 'import { openFileSource } from "../files/node/index.ts";',
    },
    expected: [
      "vae/a.ts imports runtime/node/node-runtime.ts",
      "runtime/b.ts imports runtime/web/web-runtime.ts",
    ],
  },
};

describe("the architecture", () => {
  test("is seen by this test as a whole", () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.find(({ path }) => path === "vae/autoencoder-kl.ts")?.imports).toContain("models/index.ts");
    expect(Object.values(mayImport).flat()).toEqual(
      Object.values(mayImport)
        .flat()
        .filter((name) => name in mayImport),
    );
  });

  test.each(Object.entries(rows))("%s", (_, { rule }) => {
    expect(rule(files)).toEqual([]);
  });
});

describe("a planted violation", () => {
  test.each(Object.entries(rows))("is reported: %s", (_, { rule, planted, expected }) => {
    expect(verdictOn(rule, planted)).toEqual(expected);
  });
});
