/** In which order a file's bytes are written, and what a full disk does. */
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { FileProgress } from "../../src/files/index.ts";
import { gitHash, sha256 } from "../hub-server.ts";
import { calls, clear, faults, systemError } from "../recorded-files.ts";
import {
  blob,
  cacheDir,
  config,
  fileRequests,
  index,
  isWhole,
  namesIn,
  refusal,
  repository,
  resolve,
  send,
  shards,
  single,
  weights,
  when,
} from "./hostile-hub.ts";
import { leavePart, parked } from "./unfinished-file.ts";

vi.mock("node:fs/promises", async (original) => {
  const { recorded } = await import("../recorded-files.ts");
  return recorded(await original());
});

beforeEach(clear);
afterEach(clear);

describe("a file's bytes", () => {
  const weightsCalls = (): string[] =>
    calls
      .map((call) => call.replaceAll(sha256(weights), "WEIGHTS").replaceAll(gitHash(config), "CONFIG"))
      .filter((call) => /^(write|sync|close|rename|symlink|rm)/.test(call))
      .filter((call, i, all) => call !== all[i - 1]);

  test("are on the disk before the file has its name, its link follows, and the revision is last", async () => {
    await resolve();
    const found = weightsCalls();
    const order = [
      "write WEIGHTS.vaekit-incomplete",
      "sync WEIGHTS.vaekit-incomplete",
      "close WEIGHTS.vaekit-incomplete",
      "rename WEIGHTS.vaekit-incomplete → WEIGHTS",
      `symlink WEIGHTS → ${single}.tmp`,
      `rename ${single}.tmp → ${single}`,
      "sync main.partial",
      "rename main.partial → main",
    ].map((call) => found.indexOf(call));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(found.indexOf("rename config.json.tmp → config.json")).toBeLessThan(order[0]!);
  });

  test("are written whole by a system that takes a few at a time", async () => {
    faults.maxBytesPerWrite = 1000;
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("of an index come before those of the shards that it names", async () => {
    await resolve({}, "org/sharded");
    const links = calls.filter((call) => call.startsWith("rename") && call.includes(".tmp →"));
    expect(links.map((call) => call.split(" → ")[1])).toEqual(["config.json", index, ...shards]);
  });

  test.each(["ENOSPC", "EDQUOT"])(
    "that a disk has no room for (%s) end with what to do, and the part is kept",
    async (code) => {
      faults.fail = (call) => (call.startsWith(`sync ${sha256(weights)}`) ? systemError(code) : undefined);
      expect(await refusal({}, "org/plain", "IO")).toContain(
        `${cacheDir}: cannot write the cache: the disk is full, or your share of it; the part that came is kept. ` +
          "Free some space and try again, or set HF_HUB_CACHE to another folder.",
      );
      expect((await readFile(parked())).equals(weights)).toBe(true);
      expect(await namesIn(join(repository(), "refs"))).toEqual([]);
    },
  );

  test("that cannot be written for another reason say which", async () => {
    faults.fail = (call) =>
      call.startsWith("rename") && call.includes("→ config.json") ? systemError("EACCES") : undefined;
    expect(await refusal({}, "org/plain", "IO")).toContain(
      "cannot write the cache: EACCES: as the test wants it. Check its permissions, or set HF_HUB_CACHE to another folder.",
    );
    // The link that did not get its name is no longer there.
    expect(
      await namesIn(join(repository(), "snapshots", (await namesIn(join(repository(), "snapshots")))[0]!)),
    ).toEqual([]);
  });

  test("are copied where links are not allowed", async () => {
    faults.fail = (call) => (call.startsWith("symlink") ? systemError("EPERM") : undefined);
    const { folder } = await resolve();
    expect(await isWhole({ folder, commit: "" })).toBe(true);
    expect(calls.some((call) => call.startsWith("copy"))).toBe(true);
    await resolve({ localFilesOnly: true });
  });
});

describe("the room of a disk", () => {
  const needed = weights.length + config.length;

  test("is enough when it is just as large as what is missing", async () => {
    faults.room = { blocks: 1, bavail: needed, bsize: 1 };
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("is too little when one byte lacks, which is said before anything is fetched", async () => {
    faults.room = { blocks: 1, bavail: needed - 1, bsize: 1 };
    expect(await refusal({}, "org/plain", "IO")).toContain(
      `${cacheDir}: org/plain needs ${needed} bytes more, found ${needed - 1} free. Free some space, or set HF_HUB_CACHE`,
    );
    expect(fileRequests()).toEqual([]);
  });

  test("is not asked about files that are here, and only about the rest of a part", async () => {
    await resolve();
    await rm(blob(weights));
    await leavePart(weights.subarray(0, 50_000));
    faults.room = { blocks: 1, bavail: weights.length - 50_000, bsize: 1 };
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("is asked for again every 64 MiB, since others fill the disk, too", async () => {
    const large = Buffer.alloc(2 ** 26 + 2 ** 20);
    const entry = { type: "file", path: "config.json", size: config.length, oid: gitHash(config) };
    const lfs = { oid: sha256(large), size: large.length };
    when(/\/(tree|cdn)\//, (request, response) => {
      if (request.url?.includes("/cdn/") === true) response.end(large);
      else response.end(JSON.stringify([entry, { ...entry, path: single, lfs }]));
    });
    let loaded = 0;
    const onProgress = ({ file, loadedBytes }: FileProgress): void => {
      if (file !== single) return;
      faults.room = { blocks: 1, bavail: 1, bsize: 1 };
      loaded = loadedBytes;
    };
    const message = await refusal({ onProgress }, "org/plain", "IO");
    const [, missing] = /diffusion_pytorch_model.safetensors needs (\d+) bytes more, found 1 free/.exec(
      message,
    )!;
    expect(large.length - Number(missing)).toBeGreaterThanOrEqual(2 ** 26);
    expect(loaded).toBeLessThan(large.length - Number(missing));
    expect((await stat(parked(large))).size).toBe(large.length - Number(missing));
  });

  test("is not asked about a config.json listed with more than 16 MiB, which is refused; 16 MiB are fetched", async () => {
    const largest = 16 * 2 ** 20;
    for (const size of [largest, largest + 1]) {
      const entry = { type: "file", path: "config.json", size, oid: gitHash(config) };
      when(/\/tree\/[^/]+$/, send(JSON.stringify([entry, { ...entry, path: single }])));
      expect(await refusal()).toContain(
        size === largest
          ? "the answer has 54 bytes"
          : `lists config.json with ${size} bytes, more than any config has`,
      );
    }
  });

  test.each([
    ["that tells no blocks, as one in memory", { blocks: 0, bavail: 0, bsize: 4096 }, undefined],
    ["that does not tell it at all", undefined, "ENOSYS"],
  ])("%s is not asked", async (_, room, code) => {
    faults.room = room;
    if (code !== undefined)
      faults.fail = (call) => (call.startsWith("statfs") ? systemError(code) : undefined);
    expect(await isWhole(await resolve())).toBe(true);
  });
});
