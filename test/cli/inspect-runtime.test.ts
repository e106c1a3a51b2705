/** `vaekit inspect --runtime`, and the variable that switches ONNX Runtime's own ways off. */
import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { NodeRuntime } from "../../src/node/index.ts";
import { trickNames } from "../../src/ort/index.ts";
import { runCli, type Outcome } from "./run-cli.ts";
import { tableCells } from "./table-cells.ts";

const inspect = (variable: string, ...args: string[]): Promise<Outcome> =>
  runCli(["inspect", "--runtime", "--device", "cpu", ...args], {
    cwd: tmpdir(),
    env: { VAEKIT_ORT: variable },
  });

describe("inspect --runtime", () => {
  test("prints the version, the device, and what is switched off", async () => {
    const { code, stdout, stderr } = await inspect("no-shared-arena,no-uncopied-results");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await using runtime = new NodeRuntime({ device: "cpu" });
    const { version } = await runtime.describe();
    expect(stdout.split("\n")[0]).toBe(`onnxruntime-node ${version}, computing on cpu`);
    const off = trickNames.filter((name) =>
      new RegExp(`^${name} +switched off .*VAEKIT_ORT`, "m").test(stdout),
    );
    expect(off).toEqual(["shared-arena", "uncopied-results"]);
    const table = stdout.trimEnd().split("\n\n")[1]!;
    const [title, ...rows] = tableCells(table, ["left", "left", "left"]);
    expect(title).toEqual(["trick", "state", "what it is, and why it is not on"]);
    expect(rows.map(([name]) => name)).toEqual(trickNames);
    // Why stands where there is something to explain.
    for (const [, state, what] of rows) expect(what).toMatch(state === "on" ? /^[^()]+$/ : /^[^()]+ \(.+\)$/);
  });

  test("prints the same for programs", async () => {
    const { code, stdout } = await inspect("plain", "--json");
    expect(code).toBe(0);
    const { tricks, ...rest } = JSON.parse(stdout) as Awaited<ReturnType<NodeRuntime["describe"]>>;
    expect(rest).toMatchObject({ name: "onnxruntime-node", device: "cpu" });
    expect(tricks.map(({ name, state, reason }) => [name, state, reason])).toEqual(
      trickNames.map((name) => [name, "switched off", "by VAEKIT_ORT"]),
    );
  });

  test("is about no model", async () => {
    const { code, stderr } = await inspect("", "--plan");
    expect(code).toBe(2);
    expect(stderr).toContain("--runtime is about no model");
  });
});

test("an unknown name in VAEKIT_ORT is a wrong usage, told in one line with the known ones", async () => {
  const { code, stderr, stdout } = await inspect("no-shared-arenas");
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(
    /^vaekit: VAEKIT_ORT: expected plain, [^\n]*no-session-hints, found no-shared-arenas[^\n]*\n$/,
  );
  for (const name of trickNames) expect(stderr).toContain(`no-${name}`);
});
