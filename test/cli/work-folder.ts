/** Where the tests of one command run it: a folder that is empty before each test, with a tiny model and two pictures beside it. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { AutoencoderKL } from "../../src/node/index.ts";
import { listFiles, runCli, savePicture, saveTinyModel, temporaryFolder, type Outcome } from "./run-cli.ts";

/** The options that name the model. */
export const model = ["--model", "../model", "--device", "cpu"];

/** The size that makes one batch of both pictures. */
export const small = ["--size", "16x16"];

export interface WorkFolder {
  /** The path of a file there; `../a.png`, of 32x24 pixels, and `../b.png`, of 24x32, are the pictures. */
  readonly at: (name: string) => string;
  /** Everything that is there, as relative paths. */
  readonly files: () => Promise<string[]>;
  readonly run: (...args: string[]) => Promise<Outcome>;
  /** @returns what is printed where nothing is wrong and nothing is said on stderr. */
  readonly succeed: (...args: string[]) => Promise<string>;
  /** What `--json` prints where nothing is wrong. */
  readonly json: (...args: string[]) => Promise<Record<string, unknown>>;
  /** The model as the library opens it; the caller disposes it. */
  readonly openModel: () => Promise<AutoencoderKL>;
}

/** To be called once in a test file, outside of its tests. */
export function workFolder(): WorkFolder {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const at = (name: string): string => join(folder.path, "work", name);
  beforeAll(async () => {
    folder = await temporaryFolder();
    await saveTinyModel(join(folder.path, "model"));
    await savePicture(join(folder.path, "a.png"), 32, 24);
    await savePicture(join(folder.path, "b.png"), 24, 32);
  });
  afterAll(() => folder.remove());
  beforeEach(() => mkdir(at(".")));
  afterEach(() => rm(at("."), { recursive: true }));

  const run = (...args: string[]): Promise<Outcome> => runCli(args, { cwd: at(".") });
  const succeed = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  };
  return {
    at,
    files: () => listFiles(at(".")),
    run,
    succeed,
    json: async (...args) => JSON.parse(await succeed(...args, "--json")) as Record<string, unknown>,
    openModel: () => AutoencoderKL.fromPretrained(at("../model"), { device: "cpu" }),
  };
}
