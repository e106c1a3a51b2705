import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { commit, gitHash } from "../hub-server.ts";
import {
  config,
  single,
  shards,
  weights,
  hub,
  warnings,
  resolve,
  refusal,
  when,
  send,
  repository,
  blob,
  namesIn,
  isWhole,
} from "./hostile-hub.ts";
import { parked } from "./unfinished-file.ts";

describe("the cache", () => {
  test.each([
    [
      "config.json, forged",
      () => blob(config, gitHash(config)),
      Buffer.from(config.toString().replace("4", "8")),
    ],
    ["config.json, a login page", () => blob(config, gitHash(config)), Buffer.from("<html>")],
    ["config.json, empty", () => blob(config, gitHash(config)), Buffer.alloc(0)],
    ["weights, cut off", () => blob(weights), weights.subarray(0, 30_000)],
    ["weights, too long", () => blob(weights), Buffer.concat([weights, Buffer.alloc(9)])],
    ["weights, without their header", () => blob(weights), Buffer.alloc(weights.length)],
  ])("damaged in %s is said to be without a network, and mended with one", async (_, path, content) => {
    await resolve();
    await writeFile(path(), content);
    const message = await refusal({ localFilesOnly: true });
    expect(message).toContain(`${path()} is damaged: expected `);
    expect(await refusal({ endpoint: "http://127.0.0.1:1" })).toContain("The cached copy cannot stand in: ");
    expect(await isWhole(await resolve())).toBe(true);
    expect(warnings).toEqual([expect.stringContaining(`${path()} is damaged: fetching`)]);
    await expect(resolve({ localFilesOnly: true })).resolves.toHaveProperty("commit", commit);
  });

  test("of a mirror that names small files by another hash is no damage", async () => {
    const { folder } = await resolve();
    for (const name of [
      createHash("sha1").update(config).digest("hex"),
      "0123456789abcdef0123456789abcdef",
      "etag",
    ]) {
      await rm(join(folder, "config.json"));
      await writeFile(blob(config, name), config);
      await symlink(join("../../blobs", name), join(folder, "config.json"));
      expect(await resolve({ localFilesOnly: true })).toHaveProperty("commit", commit);
    }
  });

  test("whose damaged file was deleted by its link alone fetches the content again", async () => {
    const { folder } = await resolve();
    await rm(join(folder, single));
    await writeFile(blob(weights), weights.subarray(0, 100));
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("says which shard is missing, and which link leads nowhere", async () => {
    const { folder } = await resolve({}, "org/sharded");
    await rm(join(folder, shards[1]));
    const options = { localFilesOnly: true };
    expect(await refusal(options, "org/sharded")).toContain(`${join(folder, shards[1])} is missing`);
    await resolve({}, "org/sharded");
    await rm(await realpath(join(folder, shards[0])));
    expect(await refusal(options, "org/sharded")).toContain(`${join(folder, shards[0])} is missing`);
  });

  test.each(["config.json", single])("with a link for %s to outside of it is refused", async (name) => {
    const { folder } = await resolve();
    const outside = await mkdtemp(join(tmpdir(), "vaekit-outside-"));
    await writeFile(join(outside, name), name === single ? weights : config);
    await rm(join(folder, name));
    await symlink(join(outside, name), join(folder, name));
    for (const options of [{ localFilesOnly: true }, {}]) {
      expect(await refusal(options, "org/plain", "IO")).toContain(
        `found a link to ${join(outside, name)}, outside of it`,
      );
    }
    await rm(outside, { recursive: true });
  });

  test.each(["blob", "snapshot"])("with a pipe for a %s is refused and left as it is", async (kind) => {
    const pointer = join((await resolve()).folder, "config.json");
    const place = kind === "blob" ? await realpath(pointer) : pointer;
    await rm(place);
    execFileSync("mkfifo", [place]);
    expect(await refusal({}, "org/plain", "IO")).toContain(
      `${place}: expected a file of the cache, found a device or a pipe. Remove it.`,
    );
    expect(await refusal({ localFilesOnly: true })).toContain(`${pointer} is missing`);
    expect((await lstat(place)).isFIFO()).toBe(true);
  });

  test("with a pipe for a revision is not asked for it, and says so", async () => {
    const reference = join(repository(), "refs", "main");
    await mkdir(dirname(reference), { recursive: true });
    execFileSync("mkfifo", [reference]);
    expect(await isWhole(await resolve())).toBe(true);
    expect(warnings.join()).toContain("refs/main: expected a file to write, found a device or a pipe.");
    expect((await lstat(reference)).isFIFO()).toBe(true);
  });

  test("with a folder that leads outside is not written through", async () => {
    const outside = await mkdtemp(join(tmpdir(), "vaekit-outside-"));
    await mkdir(join(repository(), "snapshots"), { recursive: true });
    await symlink(outside, join(repository(), "snapshots", commit));
    expect(await refusal({}, "org/plain", "IO")).toContain("outside of it");
    expect(await namesIn(outside)).toEqual([]);
    await rm(outside, { recursive: true });
  });

  test("may lie on another disk, by links of the repository's folder or its blobs", async () => {
    const elsewhere = await realpath(await mkdtemp(join(tmpdir(), "vaekit-disk-")));
    await symlink(elsewhere, repository());
    expect(await isWhole(await resolve())).toBe(true);
    await expect(resolve({ localFilesOnly: true })).resolves.toHaveProperty("commit", commit);
    await rm(elsewhere, { recursive: true });
  });

  test("has a revision only once all files of it are there", async () => {
    when(/cdn.*00002-of/, send("", {}, 500));
    await refusal({}, "org/sharded");
    expect(await namesIn(join(repository("org/sharded"), "refs"))).toEqual([]);
    hub.behaviour = {};
    const { folder } = await resolve({}, "org/sharded");
    expect(await readFile(join(repository("org/sharded"), "refs", "main"), "utf8")).toBe(commit);
    expect(await readlink(join(folder, shards[1]))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
  });
});

describe("the caller's signal", () => {
  const openFiles = async (): Promise<number> => (await namesIn("/proc/self/fd")).length;

  test.each(["revision", "tree", "resolve"])("ends a question to %s", async (question) => {
    const controller = new AbortController();
    when(new RegExp(`/${question}/`), () => {
      controller.abort();
    });
    expect(await refusal({ signal: controller.signal }, "org/plain", "ABORTED")).toContain("aborted");
  });

  test("ends a download; its part is kept and continued, and no file stays open", async () => {
    await resolve({}, "org/sharded");
    const openBefore = await openFiles();
    for (const keptBytes of [10_000, 20_000]) {
      const controller = new AbortController();
      hub.behaviour = { stallAfterBytes: 10_000 };
      const onProgress = ({ file, loadedBytes }: { file: string; loadedBytes: number }): void => {
        if (file === single && loadedBytes === keptBytes) controller.abort();
      };
      await refusal({ signal: controller.signal, onProgress }, "org/plain", "ABORTED");
      expect((await readFile(parked())).equals(weights.subarray(0, keptBytes))).toBe(true);
    }
    hub.behaviour = {};
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual(["bytes=10000-", "bytes=20000-"]);
    await vi.waitFor(async () => {
      // Kept connections of one request at a time.
      expect((await openFiles()) - openBefore).toBeLessThanOrEqual(2);
    });
  });
});
