/** What reaches the terminal: a lost output is a failure, and no file steers the terminal. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSafetensorsFile, Tensor, writeSafetensorsFile } from "../../src/node/index.ts";
import { endOf, type Outcome } from "../child-end.ts";
import { program, runCli, saveTinyModel, savePicture, spawnCli, temporaryFolder } from "./run-cli.ts";
import { SmallRuns } from "../train/small-runs.ts";
import { formatRecipe } from "../../src/recipe/index.ts";
import { spawn } from "node:child_process";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string): string => join(folder.path, name);
const weights = "diffusion_pytorch_model.safetensors";

/** Sets the title, clears the screen, turns text around, ends the line and says what is not so. */
const hostile = "\u001b]0;owned\u0007\u001b[2J\u202eeslaf\u009b31m\r\nvaekit: all good";

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(at("model"));
});
afterAll(() => folder.remove());

/** Runs the program with redirections of the shell's. */
function inShell(command: string): Promise<Outcome> {
  const child = spawn("bash", ["-c", `vaekit() { "${process.execPath}" "${program}" "$@"; }; ${command}`], {
    cwd: folder.path,
  });
  return endOf(child);
}

describe.runIf(process.platform === "linux")("an output that is lost", () => {
  const lost = "vaekit: the results could not be printed: the disk is full, or your share of it.\n";
  test.each(["inspect model --json", "--help"])("%s on a full disk fails with one line", async (args) => {
    const { code, stderr } = await inShell(`vaekit ${args} > /dev/full`);
    expect([code, stderr]).toEqual([1, lost]);
  });

  test("a reader that has gone is no message, and a code that tells", async () => {
    const { code, stdout, stderr } = await inShell(`set -o pipefail; vaekit inspect model | true`);
    expect([code, stdout, stderr]).toEqual([141, "", ""]);
  });

  test("a stderr that is full, closed or without a reader does not stop the work", async () => {
    await savePicture(at("a.png"), 16, 16);
    const encode = "encode a.png --size 16 --model model --device cpu --tiling exact";
    for (const [i, redirection] of ["2> /dev/full", "2>&-", "2> >(true)"].entries()) {
      const { code } = await inShell(`vaekit ${encode} --out z${i}.safetensors ${redirection}`);
      expect(code).toBe(0);
      expect((await readSafetensorsFile(at(`z${i}.safetensors`))).tensors.size).toBe(3);
    }
    expect((await inShell("vaekit inspect ./nowhere 2> /dev/full")).code).toBe(1);
  });
});

describe("a stdout that fails", () => {
  const full = "vaekit: the results could not be printed: the disk is full, or your share of it.\n";
  const other = "vaekit: the results could not be printed: write EIO.\n";
  /** At once, as files and devices do; or later, as pipes do. */
  const throwing = "throw error";
  const failing = "this.emit('error', error); return false";
  const telling = "rest.find((each) => typeof each === 'function')?.(error); return true";

  test.each([
    ["ENOSPC", throwing, 1, full],
    ["EDQUOT", throwing, 1, full],
    ["EIO", throwing, 1, other],
    ["EPIPE", throwing, 141, ""],
    ["EDQUOT", failing, 1, full],
    ["EPIPE", failing, 141, ""],
    ["EIO", telling, 1, other],
    ["EPIPE", telling, 141, ""],
  ])("with %s (%s) ends the program with code %d", async (name, how, code, stderr) => {
    const preload = `process.stdout.write = function (...rest) {
      const error = Object.assign(new Error("write ${name}"), { code: "${name}" });
      ${how};
    };`;
    expect(await spawnCli(["--version"], { cwd: folder.path, preload })).toMatchObject({ code, stderr });
  });
});

describe.runIf(process.platform === "linux")("a run of training whose stderr is lost", () => {
  test("goes on to its end", async () => {
    const runs = await SmallRuns.create("digits");
    await writeFile(runs.at("recipe.json"), JSON.stringify(formatRecipe(runs.recipe({ steps: 2 }))));
    const { code } = await inShell(`cd ${runs.path} && vaekit train recipe.json --out run 2> >(true)`);
    expect(code).toBe(0);
    expect(await readFile(runs.at("run/log.jsonl"), "utf8")).toMatch(/"step":2/);
    await runs.remove();
  });
});

describe("text of strangers", () => {
  /** Only line feeds of ours, and nothing that a terminal obeys. */
  function expectHarmless({ stdout, stderr }: Outcome): void {
    for (const text of [stdout, stderr]) {
      expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
      expect(text).not.toMatch(/^(?:vaekit: )?all good/m);
    }
  }

  test("in names of tensors", async () => {
    await cp(at("model"), at("hostile"), { recursive: true });
    const { tensors } = await readSafetensorsFile(at(`hostile/${weights}`));
    tensors.set(hostile, Tensor.zeros([1]));
    await writeSafetensorsFile(at(`hostile/${weights}`), tensors);
    const fine = await runCli(["inspect", "hostile"], { cwd: folder.path });
    expectHarmless(fine);
    expect(fine.code).toBe(0);
    const json = await runCli(["inspect", "hostile", "--json"], { cwd: folder.path });
    expectHarmless(json);
    expect((JSON.parse(json.stdout) as { unexpected: string[] }).unexpected).toEqual([hostile]);
    tensors.delete("decoder.conv_in.weight");
    await writeSafetensorsFile(at(`hostile/${weights}`), tensors);
    expectHarmless(await runCli(["inspect", "hostile"], { cwd: folder.path }));
  });

  test("in names of latents and in their metadata", async () => {
    const latents = Tensor.zeros([1, 4, 2, 2]);
    const metadata = { scaling_factor: hostile, model: hostile };
    await writeSafetensorsFile(at("two"), [
      [hostile, latents],
      ["b", latents],
    ]);
    await writeSafetensorsFile(at("one"), [[hostile, latents]], metadata);
    const decode = (file: string, ...more: string[]): Promise<Outcome> =>
      runCli(["decode", file, "--model", "model", "--device", "cpu", "--out", "o.png", ...more], {
        cwd: folder.path,
      });
    expectHarmless(await decode("two"));
    expectHarmless(await decode("two", "--tensor", hostile.replaceAll("a", "x")));
    const outcome = await decode("one");
    expectHarmless(outcome);
    expect(outcome.stderr).toContain("made with scaling_factor");
  });

  test("in configs, recipes and broken JSON", async () => {
    await cp(at("model"), at("config"), { recursive: true });
    const config = JSON.parse(await readFile(at("config/config.json"), "utf8")) as object;
    for (const text of [
      JSON.stringify({ ...config, [hostile]: 1 }),
      JSON.stringify({ ...config, _class_name: hostile }),
      JSON.stringify({ ...config, act_fn: hostile }),
      `{"a": ${hostile}}`,
    ]) {
      await writeFile(at("config/config.json"), text);
      expectHarmless(await runCli(["inspect", "config"], { cwd: folder.path }));
    }
    await writeFile(at("r.json"), JSON.stringify({ [hostile]: 1, loss: hostile, data: { path: hostile } }));
    await writeFile(at("r.yaml"), `a: "${hostile.replaceAll("\n", "")}\nb: [`);
    for (const name of ["r.json", "r.yaml"])
      expectHarmless(await runCli(["train", name, "--out", "run"], { cwd: folder.path }));
  });

  test("in names of files", async () => {
    const name = hostile.replaceAll("/", "");
    await mkdir(at("pictures"));
    await savePicture(at(`pictures/${name}.png`), 16, 16);
    const run = (...args: string[]): Promise<Outcome> =>
      runCli([...args, "--model", "model", "--device", "cpu"], { cwd: folder.path });
    const html = await run(
      "roundtrip",
      "pictures",
      "--out",
      "out",
      "--html",
      "page.html",
      "--size",
      "16",
      "--tiling",
      "exact",
    );
    expectHarmless(html);
    expect(html.code).toBe(0);
    expect(await readFile(at("page.html"), "utf8")).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
    await writeFile(at(`pictures/${name}.png`), "no picture");
    expectHarmless(await run("roundtrip", "pictures", "--out", "out"));
    expectHarmless(await runCli(["inspect", `./${name}`], { cwd: folder.path }));
    expectHarmless(await runCli([name], { cwd: folder.path }));
  });
});

test("a line feed in an output's name begins no line of the results", async () => {
  await savePicture(at("b.png"), 16, 16);
  const name = (ending: string): string => `z\nall good.${ending}`;
  const model = ["--model", "model", "--device", "cpu"];
  const small = ["--size", "16"];
  const commands = [
    ["encode", "b.png", ...small, ...model, "--out", name("safetensors")],
    ["decode", name("safetensors"), ...model, "--out", name("png")],
    ["calibrate", "b.png", ...small, ...model, "--chart", name("svg")],
    ["sample", "--count", "1", ...small, ...model, "--out", name("png")],
    ["export", "--height", "16", "--width", "16", "--half", "encoder", ...model, "--out", name("d")],
  ];
  for (const args of commands) {
    const { code, stdout } = await runCli(args, { cwd: folder.path });
    expect(code, args[0]).toBe(0);
    expect(stdout, args[0]).toContain("z\\nall good");
    expect(stdout, args[0]).not.toMatch(/^all good/m);
  }
});
