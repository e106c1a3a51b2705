/** Help, the version, and command lines that cannot be meant. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { workFolder } from "./work-folder.ts";

const { run, succeed } = workFolder();

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

test("a wrong usage is one line with the way to help", async () => {
  const outcome = await run("encode", "../a.png", "--colour", "--out", "z");
  expect(outcome).toMatchObject({
    code: 2,
    stdout: "",
    stderr: "vaekit: unknown option '--colour'\nAdd --help for what this command expects.\n",
  });
});
