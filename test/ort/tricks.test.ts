/** The product gives the same numbers with each of ONNX Runtime's own ways switched off, and with all of them. */
import { existsSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { AutoencoderKL, NodeRuntime } from "../../src/node/index.ts";
import { trickNames, type OrtSwitches, type TrickDescription } from "../../src/ort/index.ts";
import { switchedOffHere } from "../../src/ort/node/switches.ts";
import { computeProduct, type Numbers } from "./product.ts";

const offHere = switchedOffHere(undefined);
const hasKoffi = existsSync(new URL("../../node_modules/koffi/", import.meta.url));

async function tricksOf(ort: OrtSwitches): Promise<readonly TrickDescription[]> {
  await using runtime = new NodeRuntime({ device: "cpu", ort });
  return (await runtime.describe()).tricks;
}

describe("a runtime", () => {
  test("says that all are on where they can be, but for those that the environment switches off", async () => {
    const isHere = (name: string): boolean => {
      if (name === "shared-arena") return process.platform === "linux" && hasKoffi;
      const needsBlocks = name === "blocked-layout" || name === "grouped-gradients";
      return (
        !needsBlocks ||
        (process.arch === "x64" && !(name !== "blocked-layout" && offHere.has("blocked-layout")))
      );
    };
    const states = (await tricksOf({})).map(({ name, state }) => [name, state]);
    const expected = trickNames.map((name) => {
      if (offHere.has(name)) return [name, "switched off"];
      return [name, isHere(name) ? "on" : "not available"];
    });
    expect(states).toEqual(expected);
  });

  test("switches one off by its option, and says so", async () => {
    const found = (await tricksOf({ "fused-operators": false })).find(
      ({ name }) => name === "fused-operators",
    );
    const by = offHere.has("fused-operators") ? "VAEKIT_ORT" : "the option ort";
    expect(found).toMatchObject({ state: "switched off", reason: `by ${by}` });
  });

  test("has no gradients in blocks without blocks", async () => {
    const found = (await tricksOf({ "blocked-layout": false })).find(
      ({ name }) => name === "grouped-gradients",
    );
    expect(found!.state).not.toBe("on");
  });

  test.each<[string, unknown, RegExp]>([
    [
      "an unknown name",
      { "fused-operator": false },
      /^NodeRuntime: ort: expected blocked-layout, .*found fused-operator\. Did you mean fused-operators\?$/,
    ],
    [
      "another value",
      { "fused-operators": "no" },
      /^NodeRuntime: ort: fused-operators: expected true or false, found "no"/,
    ],
    ["another text", "none", /^NodeRuntime: ort: expected "plain" or an object, found "none"/],
  ])("refuses %s", (_, ort, message) => {
    const make = (): unknown => new NodeRuntime({ ort: ort as OrtSwitches });
    expect(make).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(message) as string,
      }),
    );
  });
});

describe("the product", () => {
  let expected: Numbers;
  beforeAll(async () => {
    expected = await computeProduct({}, 1);
    // For what hangs.
  }, 180_000);

  const ways: [string, OrtSwitches][] = [
    ["all", "plain"],
    ...trickNames.map((name): [string, OrtSwitches] => [name, { [name]: false }]),
  ];

  test.each(ways)("gives the same numbers without %s", async (name, ort) => {
    // Threads that wait for each other without the hints are slow where other tests run: they matter for the hints alone.
    const found = await computeProduct(ort, name === "session-hints" ? undefined : 1);
    // Sums of some thousand products, in another order.
    for (const [result, tensor] of Object.entries(expected))
      expect(found[result], result).toBeAllclose(tensor, { absolute: 1e-4 });
  });

  test("reads weights into memory where they are not mapped", async () => {
    await using runtime = new NodeRuntime({ device: "cpu", ort: { "mapped-weights": false } });
    await using vae = await AutoencoderKL.default({ runtime });
    const graph = vae.graph("decoder", { batch: 1, height: 2, width: 2 });
    const session = await runtime.createSession(graph);
    expect((session as unknown as { mapped: unknown[] }).mapped).toEqual([]);
  });
});
