/** The options of each way of opening a model: which it has, and what is said of those that belong to another way. */
import { describe, expect, test } from "vitest";
import { checkOptionsForPlaces } from "../hub/model-place.ts";
import { Generator } from "../random/index.ts";
import {
  checkFromConfigOptions,
  checkFromPretrainedOptions,
  checkFromSingleFileOptions,
  checkOpenVaeOptions,
  checkRuntimeOptions,
  placesOf,
} from "./opening-options.ts";

const runtime = { device: "cpu", threadCount: 2, onWarning: (): void => undefined } as const;
const hub = {
  ...{ subfolder: "vae", variant: "fp16", localFilesOnly: true, cacheDir: "c", token: false, endpoint: "e" },
  ...{
    onProgress: (): void => undefined,
    signal: new AbortController().signal,
    timeoutMs: 1,
    idleTimeoutMs: 2,
  },
};
const ways = {
  fromPretrained: [checkFromPretrainedOptions, { ...runtime, ...hub, revision: "main" }],
  fromSingleFile: [checkFromSingleFileOptions, { ...runtime, as: "sdxl", config: "config.json" }],
  openVae: [
    checkOpenVaeOptions,
    { ...runtime, ...hub, revision: "main", as: "sdxl", config: { scaling_factor: 1 } },
  ],
  fromConfig: [checkFromConfigOptions, { ...runtime, generator: Generator.torch(0) }],
} as const;

const refusal = (message: string): Error =>
  expect.objectContaining({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining(message) as string,
  }) as Error;

describe.each(Object.entries(ways))("%s", (subject, [check, all]) => {
  const call = (options: object): (() => void) => {
    return () => {
      check(options);
    };
  };

  test("takes every option that it has, and none", () => {
    call(all)();
    call({})();
    call(Object.fromEntries(Object.keys(all).map((name) => [name, undefined])))();
  });

  test("refuses any other, and values of another kind, in its own name", () => {
    expect(call({ weights: 1 })).toThrow(refusal(`${subject}: unknown option weights`));
    for (const name of Object.keys(all))
      expect(call({ [name]: -0.5 }), name).toThrow(refusal(`${subject}: ${name}: expected `));
  });

  test("refuses what is no runtime, and what a runtime decides by itself", () => {
    expect(call({ runtime: {} })).toThrow(
      refusal(`${subject}: runtime: expected a runtime, as new NodeRuntime()`),
    );
  });
});

test("a way of running alone has the options of that, in the name of the call", () => {
  checkRuntimeOptions(runtime, "default");
  expect(() => {
    checkRuntimeOptions({ revision: "main" } as object, "default");
  }).toThrow(refusal("default: unknown option revision"));
  expect(() => {
    checkRuntimeOptions({ runtime: 5 as never }, "default");
  }).toThrow(refusal("default: runtime: expected a runtime"));
});

test.each(["as", "config"])("fromPretrained says of %s that it is for single files", (name) => {
  const message = `fromPretrained: ${name}: it is for single files (fromSingleFile): a folder has its config.json.`;
  expect(() => {
    checkFromPretrainedOptions({ [name]: "x" });
  }).toThrow(refusal(message));
});

test.each([...Object.keys(hub), "revision"])("fromSingleFile says of %s that it is for folders", (name) => {
  const message = `fromSingleFile: ${name}: it is for folders and the hub (fromPretrained); this is a single file.`;
  expect(() => {
    checkFromSingleFileOptions({ [name]: "x" });
  }).toThrow(refusal(message));
});

describe("an option that means nothing for the place of the model", () => {
  const [file, folder, online] = ["file", "folder", "hub"] as const;

  test.each([
    [{ as: "sdxl" }, [folder], "as: it is for single files, found folders. Leave it out."],
    [{ config: {} }, [online], "config: it is for single files, found models of the hub. Leave it out."],
    [
      { revision: "main" },
      [folder, file],
      "revision: it is for models of the hub, found folders and single files.",
    ],
    [{ subfolder: "vae" }, [file], "subfolder: it is for folders and models of the hub, found single files."],
    [{ timeoutMs: 1 }, [file, file], "timeoutMs: it is for folders and models of the hub"],
  ] as const)("is refused: %j for %j", (options, places, message) => {
    expect(() => {
      checkOptionsForPlaces("openVae", options, placesOf, places);
    }).toThrow(refusal(`openVae: ${message}`));
  });

  test.each([
    [{ as: "sdxl", config: {} }, [file]],
    [{ as: "sdxl", subfolder: "vae" }, [file, online]],
    [{ revision: "main" }, [folder, online]],
    [{ subfolder: "vae", variant: "fp16", token: false }, [folder]],
    [{ device: "cpu", onWarning: runtime.onWarning, onProgress: hub.onProgress, signal: hub.signal }, [file]],
    [{ revision: undefined, as: undefined }, [folder]],
  ] as const)("is none where it means something: %j for %j", (options, places) => {
    checkOptionsForPlaces("openVae", options, placesOf, places);
  });
});
