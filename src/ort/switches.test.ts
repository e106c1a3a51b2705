import { describe, expect, test } from "vitest";
import { fromSharedArena, joinExtras, sessionHints, weightsFolder } from "./session-extras.js";
import { switchedOff } from "./switches.ts";
import { processorOnly, trickNames, tricks } from "./tricks.ts";

const off = (option: unknown, text?: string): Record<string, string> =>
  Object.fromEntries(switchedOff(option, text));

describe("what is switched off", () => {
  test("is nothing by default", () => {
    for (const text of [undefined, "", " , ,"]) expect(off(undefined, text)).toEqual({});
    expect(off({})).toEqual({});
    expect(off({ "shared-arena": true, "mapped-weights": undefined })).toEqual({});
  });

  test("is said by name, in the option or in the variable", () => {
    expect(off({ "shared-arena": false })).toEqual({ "shared-arena": "the option ort" });
    expect(off(undefined, " no-shared-arena , no-mapped-weights")).toEqual({
      "shared-arena": "VAEKIT_ORT",
      "mapped-weights": "VAEKIT_ORT",
    });
    expect(off({ "session-hints": false }, "no-shared-arena")).toEqual({
      "session-hints": "the option ort",
      "shared-arena": "VAEKIT_ORT",
    });
    expect(off({ "shared-arena": false }, "no-shared-arena")).toEqual({ "shared-arena": "VAEKIT_ORT" });
  });

  test("is all of it with plain", () => {
    const all = (by: string) => Object.fromEntries(trickNames.map((name) => [name, by]));
    expect(off("plain")).toEqual(all("the option ort"));
    expect(off(undefined, "plain")).toEqual(all("VAEKIT_ORT"));
    expect(off(undefined, "no-shared-arena,plain")).toEqual(all("VAEKIT_ORT"));
  });

  test.each([
    [
      () => off(undefined, "shared-arena"),
      /^VAEKIT_ORT: expected plain, no-blocked-layout, .*found shared-arena\. Did you mean no-shared-arena\?$/,
    ],
    [() => off(undefined, "none"), /^VAEKIT_ORT: expected plain, .*found none\.$/],
    [
      () => off({ "no-shared-arena": false }),
      /^NodeRuntime: ort: expected blocked-layout, .*Did you mean shared-arena\?$/,
    ],
    [() => off({ "shared-arena": 0 }), /^NodeRuntime: ort: shared-arena: expected true or false, found 0\.$/],
    [
      () => off("no-shared-arena"),
      /^NodeRuntime: ort: expected "plain" or an object, found "no-shared-arena"\.$/,
    ],
    [() => off([]), /^NodeRuntime: ort: expected "plain" or an object/],
  ])("refuses what it does not know: %#", (make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(make).toThrow(message);
  });
});

test("every trick says what it does, and which of them only the processor has", () => {
  expect(trickNames).toEqual([
    "blocked-layout",
    "grouped-gradients",
    "fused-operators",
    "shared-arena",
    "uncopied-results",
    "mapped-weights",
    "session-hints",
  ]);
  for (const what of Object.values(tricks)) expect(what.length).toBeGreaterThan(10);
  expect([...processorOnly]).toEqual(trickNames.slice(0, 4));
});

describe("options of sessions", () => {
  test("are joined key by key", () => {
    expect(joinExtras(sessionHints, weightsFolder("/w"), fromSharedArena, {})).toEqual({
      session: {
        intra_op: { spin_duration_us: "300" },
        model_external_initializers_file_folder_path: "/w",
        use_env_allocators: "1",
      },
      optimization: { disable_specified_optimizers: "ConstantFolding" },
    });
    expect(joinExtras()).toEqual({ session: {}, optimization: {} });
  });
});
