/** No command replaces what it must not: inputs, the model's files, its own other outputs, devices and pipes. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, link, mkdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AutoencoderKL, writeSafetensorsFile, Tensor } from "../../src/node/index.ts";
import { listFiles, runCli, savePicture, saveTinyModel, temporaryFolder } from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string): string => join(folder.path, name);
const weights = "model/diffusion_pytorch_model.safetensors";
const model = ["--model", "model", "--device", "cpu"];

/** What each test finds in a folder of its own. */
let first: typeof folder;

beforeAll(async () => {
  first = await temporaryFolder();
  await saveTinyModel(join(first.path, "model"));
  await savePicture(join(first.path, "a.png"), 16, 16);
  const latents = Tensor.zeros([2, 4, 2, 2]);
  await writeSafetensorsFile(join(first.path, "z.safetensors"), [["latents", latents]]);
});
afterAll(() => first.remove());
beforeEach(async () => {
  folder = await temporaryFolder();
  await cp(first.path, folder.path, { recursive: true });
});
afterEach(() => folder.remove());

/** Name → what is there, of everything in the folder. */
async function snapshot(): Promise<Record<string, string>> {
  const entries = (await listFiles(folder.path)).map(async (name): Promise<[string, string]> => {
    const status = await stat(at(name));
    if (!status.isFile()) return [name, `mode ${status.mode}, ${status.ino}`];
    return [
      name,
      createHash("sha256")
        .update(await readFile(at(name)))
        .digest("hex"),
    ];
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function expectRefusal(args: string[], message: RegExp, exitCode = 1): Promise<void> {
  const before = await snapshot();
  const { code, stdout, stderr } = await runCli(args, { cwd: folder.path });
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stdout).toBe("");
  expect(code).toBe(exitCode);
  expect(await snapshot()).toEqual(before);
}

/** Every command that writes to a path of the user's, with the name of one output that it asks for. */
const writers: Readonly<Record<string, { args: string[]; output: string; makesFolder?: boolean }>> = {
  encode: { args: ["encode", "a.png", ...model, "--out", "OUT"], output: "OUT" },
  decode: { args: ["decode", "z.safetensors", "--raw", ...model, "--out", "OUT.png"], output: "OUT.1.png" },
  "roundtrip --out": { args: ["roundtrip", "a.png", ...model], output: "a.reconstruction.png" },
  "roundtrip --html": { args: ["roundtrip", "a.png", ...model, "--html", "OUT"], output: "OUT" },
  calibrate: { args: ["calibrate", "a.png", ...model, "--chart", "OUT"], output: "OUT" },
  export: { args: ["export", ...model, "--out", "."], output: "vae_decoder.onnx" },
  sample: { args: ["sample", ...model, "--out", "OUT.png", "--count", "1"], output: "OUT.png" },
  demo: { args: ["demo", "--out", "."], output: "report.html" },
};

describe.each(Object.entries(writers))("%s", (_, { args, output }) => {
  test("refuses a pipe", async () => {
    execFileSync("mkfifo", [at(output)]);
    await expectRefusal(args, /: expected a file to write, found a device or a pipe\.$/m);
  });
  test("refuses a hard link of the model's weights", async () => {
    const shared = args[0] === "demo" ? undefined : at(weights);
    if (shared === undefined) return;
    await link(shared, at(output));
    await expectRefusal(args, /: would replace the model's weights\./);
  });
});

describe("a command", () => {
  test.each([
    [["encode", "a.png", ...model, "--out", weights], /would replace the model's weights/],
    [["encode", "a.png", ...model, "--out", `./model/../${weights}`], /would replace the model's weights/],
    [["encode", "a.png", "--model", weights, "--as", "sd1", "--out", weights], /weights|config/],
    [["roundtrip", "a.png", ...model, "--html", "model/config.json"], /would replace the model's config/],
    [["calibrate", "a.png", ...model, "--chart", "a.png"], /would replace an input/],
    [["sample", ...model, "--add", "a.png", "a.png", "--out", "a.png"], /would replace an input/],
    [["encode", "a.png", ...model, "--out", "/dev/stdout"], /a place of the operating system's/],
    [["export", ...model, "--out", "/proc/onnx"], /a place of the operating system's/],
    [["encode", "a.png", ...model, "--out", "a.png/z"], /: expected a folder at .*a\.png, found a file/],
    [["export", ...model, "--out", "/dev"], /^vaekit: \/dev: expected .* in \/dev\./],
    [["demo", "--out", "/sys"], /a place of the operating system's/],
    [["encode", "a.png", ...model, "--out", "model/"], /found a folder/],
    [["encode", "a.png", ...model, "--out", ""], /found an empty text/],
    [["encode", "a.png", ...model, "--out", "é".repeat(130)], /at most 227 bytes to write, found 260/],
    [["export", ...model, "--out", "a.png"], /expected a folder to write into, found a file/],
    [["train", "model", "--out", "/proc/run"], /a place of the operating system's/],
  ])("%j is refused", (args, message) => expectRefusal(args, message));

  test("refuses a link to a device and to the model's config", async () => {
    await symlink("/dev/null", at("device"));
    await symlink("model/config.json", at("config"));
    const encode = ["encode", "a.png", ...model, "--out"];
    await expectRefusal([...encode, "device"], /found a device or a pipe, behind a symbolic link\.$/m);
    await expectRefusal([...encode, "config"], /: would replace the model's config\./);
  });

  test("refuses two outputs in one file", async () => {
    const args = ["roundtrip", "a.png", ...model, "--html", "./a.reconstruction.png"];
    await expectRefusal(args, /Two outputs would be written to one file, .*a\.reconstruction\.png/, 2);
    await mkdir(at("b"));
    await savePicture(at("b/a.jpg"), 16, 16);
    await expectRefusal(
      ["roundtrip", "a.png", "b/a.jpg", ...model],
      /a\.png and b\/a\.jpg would both be written to a\.reconstruction\.png\./,
      2,
    );
    await symlink("b", at("here"));
    const through = ["roundtrip", "a.png", ...model, "--out", "b", "--html", "here/a.reconstruction.png"];
    await expectRefusal(through, /Two outputs would be written to one file/, 2);
  });

  test("refuses the files of vaekit's own", async () => {
    for (const name of ["assets/default-vae/config.json", "package.json"]) {
      const own = new URL(`../../${name}`, import.meta.url).pathname;
      await expectRefusal(["encode", "a.png", ...model, "--out", own], /a file of vaekit's own/);
    }
  });

  test("refuses the index and the shards of the model", async () => {
    await cp(new URL("../fixtures/weights/sharded", import.meta.url), at("sharded"), { recursive: true });
    const names = ["model-00002-of-00003.safetensors", "model.safetensors.index.json"];
    for (const name of names) {
      const out = `sharded/diffusion_pytorch_${name}`;
      await expectRefusal(
        ["encode", "a.png", "--model", "sharded", "--out", out],
        /would replace the model's/,
      );
    }
  });

  test("replaces a plain file, a link and a dangling link", async () => {
    await symlink("z.safetensors", at("link"));
    await symlink("nowhere", at("dangling"));
    const before = await readFile(at("z.safetensors"));
    for (const out of ["link", "dangling", "dangling"]) {
      const { code, stderr } = await runCli(["encode", "a.png", ...model, "--size", "16", "--out", out], {
        cwd: folder.path,
      });
      expect([code, stderr]).toEqual([0, ""]);
    }
    expect(await readFile(at("z.safetensors"))).toEqual(before);
  });
});

describe("tune", () => {
  test("refuses a pipe in the place of its file before it measures", async () => {
    await mkdir(at("cache/vaekit"), { recursive: true });
    execFileSync("mkfifo", [at("cache/vaekit/profiles.json")]);
    const env = { XDG_CACHE_HOME: at("cache") };
    const { code, stderr } = await runCli(["tune"], { cwd: folder.path, env });
    expect([code, stderr.trim()]).toEqual([
      1,
      `vaekit: ${at("cache/vaekit/profiles.json")}: expected a file to write, found a device or a pipe.`,
    ]);
    const coding = await runCli(["encode", "a.png", ...model, "--size", "16", "--out", "z"], {
      cwd: folder.path,
      env,
    });
    expect(coding.stderr).toMatch(/expected a file, found a device or a pipe.*Using the default prices/);
    expect(coding.code).toBe(0);
  });
});

describe("savePretrained", () => {
  test("refuses the folder that the model is read from, under every name, and leaves it usable", async () => {
    await using vae = await AutoencoderKL.fromPretrained(at("model"), { device: "cpu" });
    await symlink("model", at("link"));
    await mkdir(at("hard"));
    await link(at(weights), at("hard/diffusion_pytorch_model.safetensors"));
    const before = await snapshot();
    for (const name of ["model", "link", "hard", "hard/../model"]) {
      await expect(vae.savePretrained(`${folder.path}/${name}`)).rejects.toMatchObject({
        code: "IO",
        message: expect.stringContaining(
          "would replace the weights of this model, which is in use",
        ) as string,
      });
    }
    expect(await snapshot()).toEqual(before);
    await vae.savePretrained(at("copy"));
    await using copy = await AutoencoderKL.fromPretrained(at("copy"), { device: "cpu" });
    expect(await copy.stateDict()).toEqual(await vae.stateDict());
    await expect(copy.savePretrained(at("model"))).resolves.toBeUndefined();
  });

  test("refuses to take the index from shards in use", async () => {
    await cp(new URL("../fixtures/weights/sharded", import.meta.url), at("sharded"), { recursive: true });
    const before = await snapshot();
    await using vae = await AutoencoderKL.fromPretrained(at("sharded"), { device: "cpu" });
    await expect(vae.savePretrained(at("sharded"))).rejects.toThrow("index.json: would replace the weights");
    expect(await snapshot()).toEqual(before);
  });

  test("writes nothing where the config may not be replaced", async () => {
    await mkdir(at("new"));
    execFileSync("mkfifo", [at("new/config.json")]);
    await using vae = await AutoencoderKL.fromPretrained(at("model"), { device: "cpu" });
    await expect(vae.savePretrained(at("new"))).rejects.toThrow(
      "config.json: expected a file to write, found a device or a pipe",
    );
    expect(await listFiles(at("new"))).toEqual(["config.json"]);
  });

  test("a model whose file another program has replaced says so instead of computing with other weights", async () => {
    await using vae = await AutoencoderKL.fromPretrained(at("model"), { device: "cpu" });
    await rm(at(weights));
    await writeSafetensorsFile(at(weights), await (await AutoencoderKL.default()).stateDict());
    await expect(vae.decode(Tensor.zeros([1, 4, 2, 2]))).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: expect.stringContaining("was touched or changed while in use") as string,
    });
  });
});
