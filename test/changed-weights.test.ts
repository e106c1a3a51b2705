/**
 * Weights that change under an open model: one clear error. In processes of their own, since what is tested would end the
 * process otherwise.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { AutoencoderKL, Generator } from "../src/node/index.ts";
import { switchedOffHere } from "../src/ort/node/switches.ts";

const folder = await mkdtemp(join(tmpdir(), "vaekit-changed-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const script = `
import { copyFileSync, renameSync, rmSync, truncateSync, utimesSync, statSync, writeFileSync, readFileSync } from "node:fs";
import { AutoencoderKL, Generator } from ${JSON.stringify(new URL("../dist/node/index.js", import.meta.url).href)};
const [folder, change, size, tiling] = process.argv.slice(1);
const file = folder + "/diffusion_pytorch_model.safetensors";
const vae = await AutoencoderKL.fromPretrained(folder, { device: "cpu" });
const decode = (size) => vae.decode(Generator.torch(1).randn([1, 4, Number(size), Number(size)]), { tiling });
await decode(8);
const { atime, mtime } = statSync(file);
const changes = {
  truncate: () => truncateSync(file, 4096),
  overwrite: () => writeFileSync(file, readFileSync(file).fill(0, 20000)),
  replace: () => { copyFileSync(file, file + ".new"); utimesSync(file + ".new", atime, mtime); renameSync(file + ".new", file); },
  remove: () => rmSync(file),
  nothing: () => undefined,
};
changes[change]();
try { await decode(size); console.log("decoded"); } catch (error) { console.log(error.code + " " + error.message); }
await vae.dispose();
`;

interface Outcome {
  readonly signal: string | undefined;
  readonly stdout: string;
}

async function outcomeOf(change: string, size: number, tiling: string): Promise<Outcome> {
  const path = join(folder, `${change}-${size}-${tiling}`);
  const config = { blockOutChannels: [32, 64], layersPerBlock: 1, normNumGroups: 8 } as const;
  const blocks = {
    downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
    upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  } as const;
  await using vae = AutoencoderKL.fromConfig(
    { ...config, ...blocks },
    { generator: Generator.torch(0), device: "cpu" },
  );
  await vae.savePretrained(path);
  const args = ["--input-type=module", "-e", script, path, change, String(size), tiling];
  return await new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ signal: error?.signal ?? undefined, stdout: stdout === "" ? stderr : stdout });
    });
  });
}

/** Where weights are not mapped, a session that is there already has read them, and needs the file no more. */
const isMapped = !switchedOffHere(undefined).has("mapped-weights");
const needsFile = (size: number, tiling: string): boolean => isMapped || size !== 8 || tiling !== "off";

// 8 is the size whose session is there already; 12 needs a new one.
test.each([
  ["truncate", 8, "off"],
  ["truncate", 8, "exact"],
  ["truncate", 12, "off"],
  ["overwrite", 8, "off"],
  ["replace", 8, "off"],
  ["replace", 12, "off"],
])(
  "a weights file that is changed (%s) before a picture of %i latents, tiling %s, is one error",
  async (...of) => {
    const { signal, stdout } = await outcomeOf(...of);
    expect(signal).toBeUndefined();
    const error =
      /^INVALID_FILE .*diffusion_pytorch_model\.safetensors: the file was touched or changed while in use\./;
    expect(stdout).toMatch(needsFile(of[1], of[2]) ? error : /^decoded\n$/);
  },
);

test("a weights file that is removed is one error", async () => {
  const { stdout } = await outcomeOf("remove", 8, "off");
  const error = /^NOT_FOUND .*diffusion_pytorch_model\.safetensors: no such file or folder\./;
  expect(stdout).toMatch(isMapped ? error : /^decoded\n$/);
});

test("a weights file that stays as it is decodes again and again", async () => {
  expect((await outcomeOf("nothing", 12, "off")).stdout).toBe("decoded\n");
});
