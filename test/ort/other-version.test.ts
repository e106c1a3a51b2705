/**
 * The product on another version of ONNX Runtime than the one it is pinned to: what that version does not have is found out, and the
 * numbers are the same. VAEKIT_OTHER_ORT says which version to install, from the npm registry, into a temporary folder: "1.24.3".
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RuntimeDescription } from "../../src/node/index.ts";
import { Consumer } from "../package/consumer.ts";

const version = process.env["VAEKIT_OTHER_ORT"] ?? "";
const title =
  version === ""
    ? "another version of ONNX Runtime (skipped: VAEKIT_OTHER_ORT names none; it is installed from the npm registry)"
    : `ONNX Runtime ${version}`;

interface Outcome extends RuntimeDescription {
  readonly numbers: Readonly<Record<string, number[]>>;
}

/** Prints what test/ort/product.ts computes. */
const program = `
  import { NodeRuntime } from "../../src/node/index.ts";
  import { computeProduct } from "./product.ts";
  await using runtime = new NodeRuntime({ device: "cpu" });
  const numbers = Object.entries(await computeProduct({})).map(([name, { data }]) => [name, Array.from(data)]);
  console.log(JSON.stringify({ ...(await runtime.describe()), numbers: Object.fromEntries(numbers) }));
`;

async function outcomeIn(consumer: Consumer, switches: string): Promise<Outcome> {
  await build({
    stdin: { contents: program, resolveDir: fileURLToPath(new URL(".", import.meta.url)), loader: "ts" },
    outfile: join(consumer.folder, "product.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "error",
  });
  await writeFile(
    join(consumer.folder, "main.mjs"),
    `process.env.VAEKIT_ORT = ${JSON.stringify(switches)}; await import("./product.mjs");`,
  );
  const { code, stdout, stderr } = await consumer.node(["main.mjs"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout) as Outcome;
}

/** Into a folder of its own: the package without its install script, which downloads CUDA's libraries. */
async function install(folder: string): Promise<void> {
  await writeFile(join(folder, "package.json"), '{ "private": true }');
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", `onnxruntime-node@${version}`];
  const { status, stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`onnxruntime-node@${version} could not be installed: ${stderr}`);
}

describe.skipIf(version === "")(title, () => {
  let here: Consumer;
  let there: Consumer;
  let folder: string;
  let expected: Outcome;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "vaekit-other-ort-"));
    await install(folder);
    here = await Consumer.create();
    there = await Consumer.create({ without: ["onnxruntime-node"] });
    const installed = join(folder, "node_modules", "onnxruntime-node");
    await symlink(installed, join(there.folder, "node_modules", "onnxruntime-node"), "junction");
    expected = await outcomeIn(here, "");
    // For what hangs: it waits for the registry.
  }, 300_000);
  afterAll(async () => {
    await here.remove();
    await there.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(["", "plain"])("gives the same numbers with VAEKIT_ORT=%s", async (switches) => {
    const found = await outcomeIn(there, switches);
    expect(found.version).toBe(version);
    expect(expected.version).not.toBe(version);
    for (const { name, state, reason } of found.tricks) {
      console.log(`${version} ${name}: ${[state, reason].filter(Boolean).join(", ")}`);
      expect(state, name).toMatch(switches === "plain" ? /^switched off$/ : /^(on|not available)$/);
    }
    expect(Object.keys(found.numbers)).toEqual(Object.keys(expected.numbers));
    // Sums of some thousand products, in another order.
    for (const [name, values] of Object.entries(expected.numbers))
      expect(found.numbers[name], name).toBeAllclose(values, { absolute: 1e-4 });
  });
});
