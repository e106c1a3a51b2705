/** Help, the version, and command lines that cannot be meant. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { beforeAll, describe, expect, test } from "vitest";
import { createProgram } from "../../src/cli/program.ts";
import { workFolder } from "./run-cli.ts";

const { run, succeed } = workFolder();

const names = [
  "demo",
  "roundtrip",
  "encode",
  "decode",
  "inspect",
  "calibrate",
  "export",
  "train",
  "sample",
  "studio",
  "tune",
];

test("help and version go to stdout with exit code 0", async () => {
  for (const args of [["--help"], ["encode", "--help"], ["--version"], ["help", "encode"]]) {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.length).toBeGreaterThan(4);
  }
  expect(await succeed("--help")).toContain(
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 141 the output's reader has gone.",
  );
  const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(await succeed("--version")).toBe(`${manifest.version}\n`);
});

describe("the help", () => {
  let program: Command;
  beforeAll(async () => {
    program = await createProgram(names);
  });
  const commandNamed = (name: string): Command => program.commands.find((each) => each.name() === name)!;

  test("is of these commands, in the order in which a stranger needs them", () => {
    expect(program.commands.map((command) => command.name())).toEqual(names);
    expect(program.description()).toMatch(/^The VAE of diffusion models: /);
    for (const command of program.commands)
      expect(command.description(), command.name()).toMatch(/^[A-Z].+\.$/s);
  });

  test.each(names)("of %s says what each argument and each option is", (name) => {
    const { options, registeredArguments } = commandNamed(name);
    for (const each of [...options, ...registeredArguments])
      expect(each.description, each.name()).not.toBe("");
    expect(options.map(({ long }) => long)).toContain("--json");
  });

  test.each(names)("of %s has examples, each a command line that it takes", async (name) => {
    const text = await succeed(name, "--help");
    const examples = [...text.matchAll(/^ +\$ vaekit (.+)$/gm)].map(([, line = ""]) => line.split(" "));
    expect(examples.length).toBeGreaterThan(0);
    for (const [command, ...args] of examples) {
      expect(command).toBe(name);
      const parsed = await createProgram([name]);
      let isTaken = false;
      const taking = parsed.commands
        .find((each) => each.name() === name)!
        .action(() => {
          isTaken = true;
        });
      await taking.exitOverride().parseAsync(args, { from: "user" });
      expect(isTaken).toBe(true);
    }
  });

  test("without a command's name has an example, and names of commands alone", async () => {
    const text = await succeed("--help");
    expect(text).toContain("\nExample:\n  $ vaekit demo\n");
    for (const name of names) expect(text).toMatch(new RegExp(`^ +${name} `, "m"));
    const other = await createProgram(["demo"]);
    expect(other.commands.filter(({ options }) => options.length > 0).map((each) => each.name())).toEqual([
      "demo",
    ]);
  });
});

describe("a wrong usage is one line with the way to help:", () => {
  test("an option that is not there", async () => {
    const outcome = await run("encode", "../a.png", "--colour", "--out", "z");
    expect(outcome).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "vaekit: unknown option '--colour'\nAdd --help for what this command expects.\n",
    });
  });

  test("one that is nearly there, with a guess beside it", async () => {
    expect(await run("encode", "../a.png", "--sampel", "--out", "z")).toMatchObject({
      code: 2,
      stderr:
        "vaekit: unknown option '--sampel' (Did you mean --sample?)\nAdd --help for what this command expects.\n",
    });
    expect((await run("encod")).stderr).toMatch(
      /^vaekit: unknown command 'encod' \(Did you mean encode\?\)\n/,
    );
  });

  test.each(["encode", "decode", "export", "train", "sample"])("%s without --out", async (name) => {
    const { code, stdout, stderr } = await run(name, ...(["encode", "decode"].includes(name) ? ["z"] : []));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^vaekit: required option '-o, --out <\w+>' not specified\nAdd --help /);
  });

  test.each([
    ["encode", "image", ["--out", "z"]],
    ["roundtrip", "image", []],
    ["calibrate", "folder", []],
    ["decode", "file", ["--out", "z.png"]],
  ])("%s of nothing", async (name, argument, options) => {
    const { code, stderr } = await run(name, ...options);
    expect([code, stderr]).toEqual([
      2,
      `vaekit: missing required argument '${argument}'\nAdd --help for what this command expects.\n`,
    ]);
  });
});
