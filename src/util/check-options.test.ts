import { describe, expect, it } from "vitest";
import { checkOptions, optionKinds, wholeNumber, type OptionKinds } from "./check-options.ts";

interface Options {
  readonly device?: string;
  readonly threadCount?: number;
}

const kinds: OptionKinds<Options> = { device: optionKinds.text, threadCount: wholeNumber(1) };
const check = (options: object): void => {
  checkOptions<Options>("open", options, kinds, { as: "it is for single files." });
};

describe("checkOptions", () => {
  it("takes every option of the call, and options that are not set", () => {
    check({ device: "cpu", threadCount: 2, other: undefined });
    check({ device: undefined });
    check({});
  });

  it.each([
    [{ threads: 2 }, "open: unknown option threads; the options are device and threadCount."],
    [{ threadcount: 1 }, "open: unknown option threadcount; did you mean threadCount?"],
    [{ toString: 1 }, "open: unknown option toString; the options are device and threadCount."],
    [{ "a\u001b[2J": 1 }, 'open: unknown option "a\\u001b[2J"; the options are device and threadCount.'],
    [{ as: "sd1" }, "open: as: it is for single files."],
    [{ threadCount: 0.5 }, "open: threadCount: expected a whole number of at least 1, found 0.5."],
    [{ device: null }, "open: device: expected a text, found null."],
    [null, "open: expected options as an object, found null."],
    [[1, 2], "open: expected options as an object, found an array of 2."],
    [new Map([["device", "cpu"]]), "open: expected options as an object, found a Map."],
    [new URL("file:///options.json"), "open: expected options as an object, found a URL."],
    [Promise.resolve({}), "open: expected options as an object, found a Promise."],
    ["cpu", 'open: expected options as an object, found "cpu".'],
  ])("refuses %j", (options, message) => {
    const error = expect.objectContaining({ code: "INVALID_ARGUMENT", message }) as Error;
    expect(() => {
      check(options as object);
    }).toThrow(error);
  });
});
