import { CommanderError } from "commander";
import { afterEach, describe, expect, test, vi } from "vitest";
import { withOutputs } from "../../test/cli/run-cli.ts";
import { VaekitError } from "../node/index.ts";
import { note, reportFailure, usage, UsageError, warn } from "./failure.ts";
import { naming } from "./naming.ts";

const reported = async (error: unknown): Promise<{ code: number; stderr: string }> => {
  const { result, stderr, stdout } = await withOutputs(() => reportFailure(error));
  expect(stdout).toBe("");
  return { code: result, stderr };
};

afterEach(() => vi.unstubAllEnvs());

describe("a failure", () => {
  test("of ours is one line with the flags of the command line, and exit code 1", async () => {
    const error = new VaekitError("IO", "a: would replace an input. Allow `device: cpu`.");
    expect(await reported(error)).toEqual({
      code: 1,
      stderr: "vaekit: a: would replace an input. Allow --device cpu.\n",
    });
  });

  test("of the command line itself has exit code 2", async () => {
    expect(await reported(new UsageError("--a is for --b."))).toEqual({
      code: 2,
      stderr: "vaekit: --a is for --b.\n",
    });
  });

  test("that commander has told of is not told again: 2, and 0 for help", async () => {
    expect(await reported(new CommanderError(1, "commander.unknownOption", "x"))).toEqual({
      code: 2,
      stderr: "",
    });
    expect(await reported(new CommanderError(0, "commander.help", "x"))).toEqual({ code: 0, stderr: "" });
  });

  test.each([new TypeError("x is not a function"), "x is not a function"])(
    "that nobody expected says so: %o",
    async (error) => {
      expect(await reported(error)).toEqual({
        code: 1,
        stderr: "vaekit: x is not a function\nThis is not a known error; set VAEKIT_DEBUG=1 for the stack.\n",
      });
    },
  );

  test("has its stack where that is asked for, and nowhere else", async () => {
    const error = new VaekitError("IO", "no room", { cause: new Error("ENOSPC") });
    for (const value of ["", "0", "true"]) {
      vi.stubEnv("VAEKIT_DEBUG", value);
      expect((await reported(error)).stderr).toBe("vaekit: no room\n");
    }
    vi.stubEnv("VAEKIT_DEBUG", "1");
    const { code, stderr } = await reported(error);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^vaekit: no room\nVaekitError: no room\n +at /);
    expect(stderr).toContain("ENOSPC");
    expect((await reported("text")).stderr).not.toContain("at ");
  });
});

describe("an argument from the command line", () => {
  test("that cannot be meant is a wrong usage", async () => {
    const work = (): never => {
      throw new VaekitError("INVALID_ARGUMENT", "size: expected 1.");
    };
    await expect(usage(work)).rejects.toMatchObject({ name: "UsageError", message: "size: expected 1." });
    await expect(usage(() => Promise.resolve().then(work))).rejects.toThrow(UsageError);
  });

  test("that is good gives its result; what else fails stays as it is", async () => {
    expect(await usage(() => 3)).toBe(3);
    const error = new VaekitError("NOT_FOUND", "no");
    await expect(usage(() => Promise.reject(error))).rejects.toBe(error);
    const other = new Error("no");
    await expect(usage(() => Promise.reject(other))).rejects.toBe(other);
  });
});

test("notes and warnings are one line each, with flags", async () => {
  const { stderr } = await withOutputs(() => {
    note("Pass `raw: true`.");
    warn("Pass `raw: true`.\nNow.");
  });
  expect(stderr).toMatch(/^vaekit: Pass --raw\.\nvaekit: warning: Pass --raw\.[^\n]*Now\.\n$/);
});

describe("a result that is not finite", () => {
  test("is told with the file's name", async () => {
    const error = new VaekitError("NOT_FINITE", "found NaN");
    await expect(naming("a.png", () => Promise.reject(error))).rejects.toMatchObject({
      code: "NOT_FINITE",
      message: "a.png: found NaN",
      cause: error,
    });
  });

  test("is the only failure that is", async () => {
    for (const error of [new VaekitError("IO", "full"), new Error("NOT_FINITE")])
      await expect(naming("a.png", () => Promise.reject(error))).rejects.toBe(error);
    expect(await naming("a.png", () => Promise.resolve(4))).toBe(4);
  });
});
