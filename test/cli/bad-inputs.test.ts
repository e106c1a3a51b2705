/** Every bad input gives one clear error and exit code 1 or 2, no stack trace, and writes nothing. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSafetensorsFile, Tensor, writeSafetensorsFile } from "../../src/node/index.ts";
import { brokenSafetensors, latentsFile, pngOfSize } from "./broken-files.ts";
import {
  listFiles,
  runCli,
  savePicture,
  saveTinyModel,
  spawnCli,
  temporaryFolder,
  type Outcome,
} from "./run-cli.ts";

const weightsName = "diffusion_pytorch_model.safetensors";
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let model: string[];

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(join(folder.path, "model"));
  await savePicture(join(folder.path, "good.png"), 32, 32);
  model = ["--model", "model", "--device", "cpu"];
});

afterAll(async () => {
  await folder.remove();
});

/** The error, one or two lines long, without a stack. */
function expectOneError({ code, stdout, stderr }: Outcome, message: RegExp, exitCode = 1): void {
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^vaekit: /);
  expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe("");
  expect(code).toBe(exitCode);
}

async function expectFailure(args: string[], message: RegExp, exitCode = 1): Promise<void> {
  const before = await listFiles(folder.path);
  expectOneError(await runCli(args, { cwd: folder.path }), message, exitCode);
  expect(await listFiles(folder.path)).toEqual(before);
}

describe("pictures", () => {
  const roundtrip = async (bytes: Uint8Array | undefined, message: RegExp): Promise<void> => {
    if (bytes !== undefined) await writeFile(join(folder.path, "bad.png"), bytes);
    const name = bytes === undefined ? "missing.png" : "bad.png";
    await expectFailure(["roundtrip", name, ...model, "--out", "out", "--html", "r.html"], message);
  };

  test("a missing file", () => roundtrip(undefined, /missing\.png: no such picture/));
  test("a text file", () => roundtrip(Buffer.from("not a picture"), /bad\.png: expected a picture/));
  test("an empty file", () => roundtrip(Buffer.alloc(0), /bad\.png: expected a picture, found an empty/));
  test("a truncated PNG", async () => {
    const whole = await readFile(join(folder.path, "good.png"));
    await roundtrip(whole.subarray(0, whole.length / 2), /bad\.png: expected a whole picture/);
  });
  test("a picture of 1x1", async () => {
    await savePicture(join(folder.path, "bad.png"), 1, 1);
    await roundtrip(await readFile(join(folder.path, "bad.png")), /at least 8x8 pixels.*found 1x1/);
  });
  test("a picture of 30000x30000", () => roundtrip(pngOfSize(30000, 30000), /found 30000x30000/));
  test("a bad picture among good ones", async () => {
    await mkdir(join(folder.path, "pictures"), { recursive: true });
    await cp(join(folder.path, "good.png"), join(folder.path, "pictures", "a.png"));
    await writeFile(join(folder.path, "pictures", "b.png"), "not a picture");
    const named = ["pictures/a.png", "pictures/b.png"];
    await expectFailure(["roundtrip", ...named, ...model, "--out", "out"], /b\.png: expected a picture/);
    const strict = ["pictures", "--strict"];
    await expectFailure(["roundtrip", ...strict, ...model, "--out", "out"], /b\.png: expected a picture/);
  });
});

describe("models", () => {
  const withModel = async (change: (path: string) => Promise<void>, message: RegExp): Promise<void> => {
    const path = join(folder.path, "changed");
    await cp(join(folder.path, "model"), path, { recursive: true });
    await change(path);
    await expectFailure(["roundtrip", "good.png", "--model", "changed", "--device", "cpu"], message);
  };

  test.each(Object.entries(brokenSafetensors))("weights with %s", (_, bytes) =>
    withModel((path) => writeFile(join(path, weightsName), bytes), /changed.*safetensors: /),
  );
  test.each(["NaN", "null", "0", '"0.18"'])("a scaling factor of %s", (value) =>
    withModel(async (path) => {
      const config = await readFile(join(path, "config.json"), "utf8");
      const changed = config.replace(/"scaling_factor": [^,]*,/, `"scaling_factor": ${value},`);
      await writeFile(join(path, "config.json"), changed);
    }, /config\.json/),
  );
  test("a missing tensor", () =>
    withModel(async (path) => {
      const { tensors } = await readSafetensorsFile(join(path, weightsName));
      tensors.delete("decoder.conv_in.weight");
      await writeSafetensorsFile(join(path, weightsName), tensors);
    }, /found no decoder\.conv_in\.weight/));
  test("a model that is not there", () =>
    expectFailure(["roundtrip", "good.png", "--model", "./nowhere"], /nowhere: no such model/));

  test("an unexpected tensor is a warning", async () => {
    const path = join(folder.path, "unexpected");
    await cp(join(folder.path, "model"), path, { recursive: true });
    const { tensors } = await readSafetensorsFile(join(path, weightsName));
    tensors.set("surplus", Tensor.zeros([2]));
    await writeSafetensorsFile(join(path, weightsName), tensors);
    const { code, stderr, stdout } = await runCli(["inspect", "unexpected"], { cwd: folder.path });
    expect(stderr).toMatch(/^vaekit: warning: .*surplus/);
    expect(stdout).toMatch(/Unexpected: surplus/);
    expect(code).toBe(0);
  });

  test("inspect lists what is missing and fails", async () => {
    const path = join(folder.path, "incomplete");
    await cp(join(folder.path, "model"), path, { recursive: true });
    const { tensors } = await readSafetensorsFile(join(path, weightsName));
    const names = [...tensors.keys()].slice(0, 5);
    for (const name of names) tensors.delete(name);
    await writeSafetensorsFile(join(path, weightsName), tensors);
    const { code, stdout } = await runCli(["inspect", "incomplete", "--json"], { cwd: folder.path });
    const { missing } = JSON.parse(stdout) as { missing: string[] };
    expect(missing.sort()).toEqual(names.sort());
    expect(code).toBe(1);
  });
});

describe("latents", () => {
  const decode = async (bytes: Uint8Array, message: RegExp): Promise<void> => {
    await writeFile(join(folder.path, "bad.safetensors"), bytes);
    await expectFailure(["decode", "bad.safetensors", ...model, "--out", "out.png"], message);
  };

  test.each(Object.entries(brokenSafetensors))("a file with %s", (_, bytes) =>
    decode(bytes, /bad\.safetensors: /),
  );
  test("a wrong channel count", () => decode(latentsFile([1, 16, 2, 2]), /\[N, 4, h, w\].*--model/));
  test("packed latents", () => decode(latentsFile([1, 4, 16]), /packed tokens; pass --packed/));
  test("no batch dimension", () => decode(latentsFile([4, 2, 2]), /batch dimension.*\[1, 4, 2, 2\]/));
  test("mean and logvar together", () => decode(latentsFile([1, 8, 2, 2]), /mean and logvar together/));
});

describe("outputs", () => {
  test("a folder that is not there", () =>
    expectFailure(
      ["encode", "good.png", ...model, "--out", "no/z.safetensors"],
      /its folder does not exist/,
    ));
  test("a folder in the way", () =>
    expectFailure(["encode", "good.png", ...model, "--out", "model"], /found a folder/));
  test("an input in the way", () =>
    expectFailure(["roundtrip", "good.png", ...model, "--html", "./good.png"], /would replace an input/));
  test.skipIf(process.platform === "win32")("no room for the output", async () => {
    const before = await listFiles(folder.path);
    // A limit on the size of files refuses the write as a full disk does, and needs no special rights.
    const limits = { cwd: folder.path, before: "trap '' XFSZ; ulimit -f 1" };
    const args = ["encode", "good.png", ...model, "--size", "256", "--out", "z.safetensors"];
    expectOneError(await spawnCli(args, limits), /z\.safetensors: /);
    expect(await listFiles(folder.path)).toEqual(before);
  });
});

describe("command lines", () => {
  test.each([
    [["roundtrip"], /missing required argument/],
    [["encode", "good.png"], /required option/],
    [["roundtrip", "good.png", "--size", "big"], /--size/],
    [["roundtrip", "good.png", "--size", "4"], /--size: expected sides of at least 8/],
    [["roundtrip", "good.png", "--tiling", "none"], /--tiling/],
    [["roundtrip", "good.png", "--colour"], /unknown option/],
    [["nonsense"], /unknown command/],
    [["decod"], /^vaekit: unknown command 'decod' \(Did you mean decode\?\)$/m],
    [["inspect", "model", "--as", "sd1"], /--as is for a model from a file/],
    [["decode", "good.png", "--out", "x.txt"], /\.png/],
    [["export", "--out", "onnx", "--height", "100"], /multiple of 8/],
  ])("%j", (args, message) => {
    const needsModel = ["roundtrip", "export"].includes(args[0]!) && args.length > 1;
    return expectFailure(needsModel ? [...args, ...model] : args, message, 2);
  });
});

describe("hubs", () => {
  let server: Server;
  let status = 404;

  beforeAll(async () => {
    server = createServer((_, response) => {
      response.writeHead(status, { "content-type": "application/json" }).end('{"error":"no"}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  afterAll(() => server.close());

  test.each([401, 404, 500])("one that answers %i", async (answer) => {
    status = answer;
    const before = await listFiles(folder.path);
    const { port } = server.address() as AddressInfo;
    const env = { HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_HUB_OFFLINE: "0" };
    const args = ["inspect", "some-org/some-vae", "--cache-dir", "cache"];
    expectOneError(await runCli(args, { cwd: folder.path, env }), /some-org\/some-vae/);
    expect(await listFiles(folder.path)).toEqual(before);
  });

  test("none at all, offline", () =>
    expectFailure(
      ["inspect", "some-org/some-vae", "--offline", "--cache-dir", "cache"],
      /some-org\/some-vae/,
    ));
});
