/** What is recorded of a revision, and what becomes of it when the hub has a newer one. */
import { mkdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commit, gitHash, sha256 } from "../hub-server.ts";
import {
  cacheDir,
  config,
  hub,
  isWhole,
  namesIn,
  refusal,
  repository,
  resolve,
  safetensors,
  send,
  single,
  warnings,
  when,
} from "./hostile-hub.ts";

const newer = "89abcdef0123456789abcdef0123456789abcdef";
const info = (sha: unknown): string => JSON.stringify({ id: "org/plain", sha, lastModified: "2026-01-01" });
const reference = (name = "main", id = "org/plain"): string =>
  join(repository(id), "refs", ...name.split("/"));

/** From now on the revision main is another commit, with the same files and one more byte of weights. */
function publish(): Buffer {
  const content = safetensors(60_001);
  const entry = (path: string, bytes: Buffer, oid: string): object => ({
    type: "file",
    path,
    size: bytes.length,
    oid,
    ...(path === single ? { lfs: { oid, size: bytes.length, pointerSize: 134 } } : {}),
  });
  hub.behaviour = {
    answer: (request, response) => {
      const url = request.url ?? "";
      if (url.includes("/revision/main")) response.end(info(newer));
      else if (url.includes(`/tree/${newer}/vae`))
        response.writeHead(404, { "X-Error-Code": "EntryNotFound" }).end();
      else if (url.includes(`/tree/${newer}`))
        response.end(
          JSON.stringify([
            entry("config.json", config, gitHash(config)),
            entry(single, content, sha256(content)),
          ]),
        );
      else if (url.includes(`/resolve/${newer}/${single}`)) response.end(content);
      else return false;
      return true;
    },
  };
  return content;
}

describe("a revision", () => {
  test("with slashes is recorded in folders, as Python does", async () => {
    when(/\/revision\/refs/, send(info(commit)));
    expect(await isWhole(await resolve({ revision: "refs/pr/1" }))).toBe(true);
    expect(await readFile(reference("refs/pr/1"), "utf8")).toBe(commit);
    expect(hub.requests[0]).toBe("GET /api/models/org/plain/revision/refs%2Fpr%2F1");
  });

  test("that is a commit is recorded nowhere, and the hub is not asked for it again", async () => {
    expect(await isWhole(await resolve({ revision: commit }))).toBe(true);
    expect(await namesIn(join(repository(), "refs"))).toEqual([]);
    hub.requests.length = 0;
    await resolve({ revision: commit });
    expect(hub.requests).toEqual([]);
  });

  test("that has not changed is not written again, so that a cache may be read-only", async () => {
    await resolve();
    await utimes(reference(), 1, 1);
    await resolve();
    expect((await stat(reference())).mtimeMs).toBe(1000);
  });

  test.each(["main", commit.toUpperCase(), commit.slice(1), `${commit}0`, 7, null])(
    "is no folder's name where the hub calls it %j",
    async (sha) => {
      when(/\/revision\//, send(info(sha)));
      expect(await refusal()).toContain("expected the hub's answer");
      expect(await namesIn(cacheDir)).toEqual([]);
    },
  );

  test.each(["", "no commit", `../../${commit}`, commit.slice(1)])(
    "that is recorded as %j is as good as not recorded",
    async (text) => {
      await resolve();
      await writeFile(reference(), text);
      expect(await refusal({ localFilesOnly: true })).toContain("is not complete in the cache");
      expect(await isWhole(await resolve())).toBe(true);
      expect(await readFile(reference(), "utf8")).toBe(commit);
    },
  );

  test("is read with the line break that an editor leaves", async () => {
    await resolve();
    await writeFile(reference(), `${commit}\n`);
    expect(await isWhole(await resolve({ localFilesOnly: true }))).toBe(true);
  });

  test("is the one of the option alone: another one is not there without the network", async () => {
    await resolve();
    expect(await refusal({ localFilesOnly: true, revision: "v1" })).toContain(
      "org/plain (revision v1) is not",
    );
  });

  test("is not recorded through a link that leads out of the cache", async () => {
    const outside = `${cacheDir}-outside`;
    await mkdir(outside);
    await mkdir(repository());
    await symlink(outside, join(repository(), "refs"));
    expect(await isWhole(await resolve())).toBe(true);
    expect(warnings).toEqual([expect.stringContaining("outside of it")]);
    expect(await namesIn(outside)).toEqual([]);
    await rm(outside, { recursive: true });
  });

  test("that cannot be recorded is told of, and the model is here", async () => {
    await mkdir(join(reference(), "in the way"), { recursive: true });
    expect(await isWhole(await resolve())).toBe(true);
    expect(warnings).toEqual([
      expect.stringContaining("refs/main: expected a file to write, found a folder"),
    ]);
  });
});

describe("an update", () => {
  test("is fetched and recorded, the file that stayed the same only linked", async () => {
    const before = await resolve();
    const content = publish();
    hub.requests.length = 0;
    const after = await resolve();
    expect(after).toEqual({ folder: join(repository(), "snapshots", newer), commit: newer });
    expect((await readFile(join(after.folder, single))).equals(content)).toBe(true);
    expect(await readFile(reference(), "utf8")).toBe(newer);
    expect(await isWhole(before)).toBe(true);
  });

  test("that breaks off leaves the revision where it was, and the older model stands in", async () => {
    const before = await resolve();
    publish();
    const ordinary = hub.behaviour.answer!;
    hub.behaviour.answer = (request, response) => {
      if (request.url?.includes(`/resolve/${newer}/${single}`) !== true) return ordinary(request, response);
      response.write("x", () => response.destroy());
      return true;
    };
    expect(await resolve()).toEqual(before);
    expect(warnings).toEqual([
      expect.stringContaining(`Using the cached copy of org/plain (commit ${commit.slice(0, 8)}).`),
    ]);
    expect(await readFile(reference(), "utf8")).toBe(commit);
    expect(await resolve({ localFilesOnly: true })).toEqual(before);
  });
});
