/**
 * Strips that wait in a temporary file: the same picture, one clear error when there can be no file, and nothing
 * left behind.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoencoderKL } from "../../src/node/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import {
  compileStrips,
  spill,
  StripExecutor,
  type ExecuteOptions,
  type Reload,
  type StripProgram,
} from "../../src/strips/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { fixturePath } from "../conformance/fixtures.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
let folder: string;
let vae: AutoencoderKL;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-spill-"));
  vae = await AutoencoderKL.fromPretrained(fixturePath("models/sd"), { device: "cpu" });
});
afterAll(async () => {
  await vae.dispose();
  await runtime.dispose();
  await rm(folder, { recursive: true });
});

function compile(half: "decoder" | "encoder", height: number, width: number): StripProgram {
  const graph = vae.graph(half, { batch: 1, height, width });
  return compileStrips(graph, { stripElements: 1, chooseTile: () => undefined });
}

async function run(program: StripProgram, options: ExecuteOptions = {}): Promise<Tensor<"float32">> {
  const executor = new StripExecutor(runtime, program);
  try {
    const x = Generator.philox(8).randn(program.input.shape);
    return await executor.run(x, { temporaryFolder: folder, ...options });
  } finally {
    await executor.dispose();
  }
}

const bytesOf = ({ data }: Tensor<"float32">): Buffer =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength);

describe("through the temporary file", () => {
  test.each([
    ["decoder", 6, 4],
    ["encoder", 43, 26],
  ] as const)("the %s computes the same bits", async (half, height, width) => {
    const whole = compile(half, height, width);
    const expected = bytesOf(await run(whole));
    for (const reload of ["segment", "run"] satisfies Reload[]) {
      const program = spill(whole, () => reload);
      expect(program.operations.filter(({ kind }) => kind === "store").length).toBeGreaterThan(20);
      expect(bytesOf(await run(program)).equals(expected)).toBe(true);
    }
  });

  test("no name is in the folder, not even while it is used", async () => {
    const names: string[][] = [];
    const look = readdirOnProgress(names);
    await run(
      spill(compile("decoder", 5, 6), () => "segment"),
      { onProgress: look.onProgress },
    );
    await look.done();
    expect(names.length).toBeGreaterThan(2);
    expect(names.flat()).toEqual([]);
  });
});

/** Lists the temporary folder again and again. */
function readdirOnProgress(names: string[][]): { onProgress: () => void; done: () => Promise<unknown> } {
  const reads: Promise<unknown>[] = [];
  const onProgress = (): void => {
    reads.push(readdir(folder).then((found) => names.push(found)));
  };
  return { onProgress, done: () => Promise.all(reads) };
}

describe("one clear error and nothing left behind", () => {
  const spilled = (): StripProgram => spill(compile("decoder", 5, 6), () => "segment");

  test("when the folder is not there", async () => {
    const path = join(folder, "nowhere");
    await expect(run(spilled(), { temporaryFolder: path })).rejects.toMatchObject({
      code: "IO",
      message: expect.stringMatching(
        /^temporaryFolder: expected a folder that can be written, found .*nowhere/,
      ) as string,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test("when the folder is below a file", async () => {
    const below = await mkdtemp(join(tmpdir(), "vaekit-below-"));
    await writeFile(join(below, "file"), "");
    await expect(run(spilled(), { temporaryFolder: join(below, "file", "folder") })).rejects.toMatchObject({
      code: "IO",
    });
    await expect(run(spilled(), { temporaryFolder: join(below, "file") })).rejects.toMatchObject({
      code: "IO",
    });
    expect(await readdir(below)).toEqual(["file"]);
    await rm(below, { recursive: true });
  });

  test("when the disk has less room than the program will need", async () => {
    await expect(runtime.createWorkspace({ size: 16, fileSize: 2 ** 50, folder })).rejects.toMatchObject({
      code: "IO",
      message: expect.stringMatching(/expected \d+ MB free in .*, found \d+ MB/) as string,
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

/** Decodes with the built package in a process of its own, again and again or once. */
function decodeInChild(
  temporaryFolder: string,
  { maxFileKib, rounds }: { maxFileKib?: number; rounds: number },
) {
  const module = (path: string): string => new URL(`../../build/modules/${path}`, import.meta.url).href;
  const script = `
    import { AutoencoderKL } from "${module("node/index.js")}";
    import { NodeRuntime } from "${module("runtime/node/node-runtime.js")}";
    import { compileStrips, spill, StripExecutor } from "${module("strips/index.js")}";
    import { Tensor } from "${module("tensor/tensor.js")}";
    const vae = await AutoencoderKL.fromPretrained(${JSON.stringify(fixturePath("models/sd"))}, { device: "cpu" });
    const graph = vae.graph("decoder", { batch: 1, height: 24, width: 24 });
    const program = spill(compileStrips(graph, { stripElements: 1, chooseTile: () => undefined }), () => "segment");
    const executor = new StripExecutor(new NodeRuntime({ device: "cpu", threadCount: 1 }), program);
    const isLate = (done) => done > program.operations.length / 2;
    const onProgress = (done) => { if (isLate(done)) console.log("working"); };
    try {
      for (let round = 0; round < ${rounds}; round++) {
        const options = { temporaryFolder: ${JSON.stringify(temporaryFolder)}, onProgress };
        await executor.run(Tensor.zeros(program.input.shape), options);
      }
      console.log("done");
    } catch (error) {
      console.log(error.code, error.message);
    }
    process.exit();`;
  const limit = maxFileKib === undefined ? ":" : `trap '' XFSZ; ulimit -f ${maxFileKib}`;
  const command = [process.execPath, "--input-type=module", "--eval", script];
  const child = spawn("bash", ["-c", `${limit}; exec "$@"`, "bash", ...command]);
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const working = new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes("working")) resolve();
    });
    child.on("close", () => {
      reject(new Error(output));
    });
  });
  const ended = new Promise<string>((resolve) => {
    child.on("close", () => {
      resolve(output);
    });
  });
  return { child, working, ended };
}

describe.skipIf(process.platform === "win32")("a process of its own", () => {
  test("leaves nothing behind when it is killed", async () => {
    const { child, working, ended } = decodeInChild(folder, { rounds: 1000 });
    await working;
    if (process.platform === "linux")
      expect(await openFiles(child.pid!)).toEqual([expect.stringMatching(/\(deleted\)$/)]);
    child.kill("SIGKILL");
    expect(await ended).not.toContain("done");
    expect(child.signalCode).toBe("SIGKILL");
    expect(await readdir(folder)).toEqual([]);
  });

  test("says what happened when the disk fills up", async () => {
    const { working, ended } = decodeInChild(folder, { maxFileKib: 64, rounds: 1 });
    working.catch(() => undefined);
    expect((await ended).split("\n").at(-2)).toMatch(
      /^IO Temporary file: EFBIG.*Choose another folder for temporary files, or allow more memory\.$/,
    );
    expect(await readdir(folder)).toEqual([]);
  });
});

/** The files in the temporary folder that a process has open. */
async function openFiles(pid: number): Promise<string[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const paths = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
  return paths.filter((path) => path.startsWith(folder));
}
