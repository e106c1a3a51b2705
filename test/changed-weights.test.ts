/**
 * Weights that change under an open model: one clear error. In a process of its own, since what is tested would end the
 * process otherwise.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AutoencoderKL, Generator } from "../src/node/index.ts";
import { switchedOffHere } from "../src/ort/node/switches.ts";

const folder = await mkdtemp(join(tmpdir(), "vaekit-changed-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Takes one case after the other, and says of each what came of it; it never says more once it was ended. */
const script = `
import { copyFileSync, renameSync, rmSync, truncateSync, utimesSync, statSync, writeFileSync, readFileSync } from "node:fs";
import { AutoencoderKL, Generator } from ${JSON.stringify(new URL("../dist/node/index.js", import.meta.url).href)};
for (const [name, folder, change, size, tiling] of JSON.parse(process.argv[1])) {
  const file = folder + "/diffusion_pytorch_model.safetensors";
  const vae = await AutoencoderKL.fromPretrained(folder, { device: "cpu", onWarning: () => undefined });
  const decode = (side) => vae.decode(Generator.torch(1).randn([1, 4, side, side]), { tiling });
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
  let outcome = "decoded";
  try { await decode(size); } catch (error) { outcome = error.code + " " + error.message; }
  console.log(JSON.stringify([name, outcome]));
  await vae.dispose();
}
`;

type Case = readonly [change: string, size: number, tiling: string];

/** 8 is the size whose session is there already; 12 needs a new one. */
const changed: readonly Case[] = [
  ["truncate", 8, "off"],
  ["truncate", 8, "exact"],
  ["truncate", 12, "off"],
  ["overwrite", 8, "off"],
  ["replace", 8, "off"],
  ["replace", 12, "off"],
];
const cases: readonly Case[] = [...changed, ["remove", 8, "off"], ["nothing", 12, "off"]];
const nameOf = (each: Case): string => each.join("-");

/** What came of each case, in the order in which they were taken, and of the process. */
let outcomes: Map<string, string>;
let ended: { readonly signal: string | undefined; readonly stderr: string };

beforeAll(async () => {
  const config = { blockOutChannels: [32, 64], layersPerBlock: 1, normNumGroups: 8 } as const;
  const blocks = {
    downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
    upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  } as const;
  await using vae = AutoencoderKL.fromConfig(
    { ...config, ...blocks },
    { generator: Generator.torch(0), device: "cpu" },
  );
  for (const each of cases) await vae.savePretrained(join(folder, nameOf(each)));
  const list = cases.map((each) => [nameOf(each), join(folder, nameOf(each)), ...each]);
  const args = ["--input-type=module", "-e", script, JSON.stringify(list)];
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, (error, out, stderr) => {
      ended = { signal: error?.signal ?? undefined, stderr };
      resolve(out);
    });
  });
  const lines = stdout.split("\n").filter((line) => line !== "");
  outcomes = new Map(lines.map((line) => JSON.parse(line) as [string, string]));
});

const outcomeOf = (each: Case): string => outcomes.get(nameOf(each)) ?? `none: ${ended.stderr}`;

/** Where weights are not mapped, a session that is there already has read them, and needs the file no more. */
const isMapped = !switchedOffHere(undefined).has("mapped-weights");
const needsFile = (size: number, tiling: string): boolean => isMapped || size !== 8 || tiling !== "off";

test("changes of weights files end no process", () => {
  expect(ended).toEqual({ signal: undefined, stderr: "" });
  expect([...outcomes.keys()]).toEqual(cases.map(nameOf));
});

test.each(changed)(
  "a weights file that is changed (%s) before a picture of %i latents, tiling %s, is one error",
  (...of) => {
    const error =
      /^INVALID_FILE .*diffusion_pytorch_model\.safetensors: the file was touched or changed while in use\./;
    expect(outcomeOf(of)).toMatch(needsFile(of[1], of[2]) ? error : /^decoded$/);
  },
);

test("a weights file that is removed is one error", () => {
  const error = /^NOT_FOUND .*diffusion_pytorch_model\.safetensors: no such file or folder\./;
  expect(outcomeOf(["remove", 8, "off"])).toMatch(isMapped ? error : /^decoded$/);
});

test("a weights file that stays as it is decodes again and again", () => {
  expect(outcomeOf(["nothing", 12, "off"])).toBe("decoded");
});
