/** When the cached copy stands in for the hub, and what a cache may look like. */
import { mkdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { sha256 } from "../hub-server.ts";
import {
  blob,
  cacheDir,
  config,
  fileRequests,
  hub,
  isWhole,
  namesIn,
  refusal,
  repository,
  resolve,
  safetensors,
  send,
  shards,
  single,
  warnings,
  weights,
  when,
} from "./hostile-hub.ts";

describe("the cached copy", () => {
  test.each([429, 500, 502, 503])("stands in for a hub that answers %i, with a warning", async (status) => {
    const online = await resolve();
    hub.behaviour = { status };
    expect(await resolve()).toEqual(online);
    expect(warnings).toEqual([
      expect.stringMatching(new RegExp(`answered ${status}: .*Using the cached copy`)),
    ]);
  });

  test.each([
    [400, "HUB"],
    [401, "HUB"],
    [403, "HUB"],
    [404, "NOT_FOUND"],
  ])("does not stand in for a hub that answers %i: it is there, and refuses", async (status, code) => {
    await resolve();
    hub.behaviour = { status };
    expect(await refusal({}, "org/plain", code)).toContain(`answered ${status}`);
    expect(warnings).toEqual([]);
  });

  test("does not stand in for an answer that is none, nor after the caller's signal", async () => {
    await resolve();
    hub.behaviour = { page: "<html>Log in" };
    expect(await refusal()).toContain("found something else");
    hub.behaviour = { isHanging: true };
    const controller = new AbortController();
    const work = refusal({ signal: controller.signal }, "org/plain", "ABORTED");
    controller.abort();
    await work;
    expect(warnings).toEqual([]);
  });

  test("is none while a file of it lacks: what lacks is named", async () => {
    const { folder } = await resolve({}, "org/sharded");
    await rm(join(folder, shards[0]));
    hub.behaviour = { status: 500 };
    const message = await refusal({}, "org/sharded");
    expect(message).toContain("answered 500");
    expect(message).toContain(`The cached copy cannot stand in: ${join(folder, shards[0])} is missing.`);
  });
});

describe("the cache", () => {
  test("whose name only begins another folder's name does not hold what lies there", async () => {
    const { folder } = await resolve();
    const beside = `${cacheDir}-beside`;
    await mkdir(beside);
    try {
      await rename(blob(weights), join(beside, "blob"));
      await rm(join(folder, single));
      await symlink(join(beside, "blob"), join(folder, single));
      expect(await refusal({ localFilesOnly: true }, "org/plain", "IO")).toContain(
        `expected a file of the cache ${cacheDir}, found a link to ${join(beside, "blob")}, outside of it. ` +
          "Delete the link, and fetch the model again.",
      );
    } finally {
      await rm(beside, { recursive: true });
    }
  });

  test("may have its blobs elsewhere, by a link of that folder", async () => {
    const { folder } = await resolve();
    const elsewhere = `${cacheDir}-disk`;
    await rename(join(repository(), "blobs"), elsewhere);
    await symlink(elsewhere, join(repository(), "blobs"));
    try {
      expect((await resolve({ localFilesOnly: true })).folder).toBe(folder);
      expect(await readlink(join(folder, single))).toBe(`../../blobs/${sha256(weights)}`);
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  test("that cannot be made says so before anything is fetched", async () => {
    await writeFile(join(cacheDir, "file"), "");
    const message = await refusal({ cacheDir: join(cacheDir, "file", "hub") }, "org/plain", "IO");
    expect(message).toContain(
      `${join(cacheDir, "file", "hub")}: expected folders on the way to it, found a file.`,
    );
    expect(fileRequests()).toEqual([]);
  });

  test("keeps the shards that came whole when another one is wrong, and records nothing", async () => {
    const wrong = Buffer.alloc(safetensors(5000).length, "wrong");
    when(/cdn.*00002-of/, send(wrong));
    expect(await refusal({}, "org/sharded")).toContain(`${shards[1]} from ${hub.endpoint}: expected SHA-256`);
    expect(await namesIn(join(repository("org/sharded"), "refs"))).toEqual([]);
    hub.behaviour = {};
    hub.requests.length = 0;
    await resolve({}, "org/sharded");
    expect(fileRequests().filter((path) => path.includes("/cdn/"))).toEqual([
      expect.stringContaining(shards[1]),
    ]);
  });

  test("of copies, as on Windows, is checked by what the files are", async () => {
    const { folder } = await resolve();
    for (const [name, content] of [
      [single, weights],
      ["config.json", config],
    ] as const) {
      await rm(join(folder, name));
      await writeFile(join(folder, name), content);
    }
    expect((await resolve({ localFilesOnly: true })).folder).toBe(folder);
    await writeFile(join(folder, "config.json"), "<html>");
    expect(await refusal({ localFilesOnly: true })).toContain(`${join(folder, "config.json")} is damaged: `);
    await writeFile(join(folder, "config.json"), config);
    await writeFile(join(folder, single), weights.subarray(0, 30_000));
    expect(await refusal({ localFilesOnly: true })).toContain(`${join(folder, single)} is damaged: `);
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("is where the option says, and holds nothing of it elsewhere", async () => {
    const cache = join(cacheDir, "deeper", "cache");
    const { folder } = await resolve({ cacheDir: cache });
    expect(folder.startsWith(cache)).toBe(true);
    expect(dirname(dirname(folder))).toBe(join(cache, "models--org--plain"));
    expect(await namesIn(cacheDir)).toEqual(["deeper"]);
  });
});
