import { describe, expect, it } from "vitest";
import { checkOptionNames } from "./known-options.ts";

interface Options {
  readonly device?: string;
  readonly threadCount?: number;
}

const names = { device: true, threadCount: true } as const;
const check = (options: object): void => {
  checkOptionNames<Options>(options, names, "open", { as: "it is for single files." });
};

describe("checkOptionNames", () => {
  it("takes every option of the call, and options that are not set", () => {
    check({ device: "cpu", threadCount: 2, other: undefined });
    check({});
  });

  it("names an unknown option and the nearest known one", () => {
    expect(() => {
      check({ threads: 2, threadcount: 1 });
    }).toThrow("open: threads: there is no such option; the options are device and threadCount.");
    expect(() => {
      check({ threadcount: 1 });
    }).toThrow("open: threadcount: there is no such option; did you mean threadCount?");
    expect(() => {
      check({ toString: 1 });
    }).toThrow("open: toString: there is no such option");
  });

  it("says where an option of another call belongs", () => {
    expect(() => {
      check({ as: "sd1" });
    }).toThrow("open: as: it is for single files.");
  });

  it("refuses what is no object", () => {
    expect(() => {
      check(null as never);
    }).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error);
  });
});
