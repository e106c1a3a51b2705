import { describe, expect, test } from "vitest";
import { gitHash, sha256 } from "../hub-server.ts";
import {
  config,
  single,
  weights,
  token,
  hub,
  other,
  cacheDir,
  resolve,
  refusal,
  when,
  send,
  drip,
  flood,
  repository,
  namesIn,
  isWhole,
} from "./hostile-hub.ts";

describe("an answer of the hub's API", () => {
  test("that lists files without end is left", async () => {
    when(/\/tree\//, send("[]", { Link: `<${hub.endpoint}/api/models/org/plain/tree/x>; rel="next"` }));
    expect(await refusal()).toContain("lists files without end (101 pages)");
    expect(hub.requests.length).toBeLessThan(110);
  });

  test("that goes on at another host is not followed, and the token stays here", async () => {
    when(/\/tree\//, send("[]", { Link: `<${other.endpoint}/api/models/org/plain/tree/main>; rel="next"` }));
    expect(await refusal()).toContain(`goes on at another host, ${new URL(other.endpoint).host}`);
    expect(other.requests).toEqual([]);
  });

  test("that redirects to another host is followed without the token", async () => {
    when(/\/revision\//, (request, response) => {
      response.writeHead(307, { Location: other.endpoint + (request.url ?? "") }).end();
    });
    expect(await isWhole(await resolve())).toBe(true);
    expect(other.authorizations).toEqual([""]);
    expect(hub.authorizations).toContain(`Bearer ${token}`);
  });

  test.each([
    ["/api/models/org/plain/revision/main", "redirects more than 10 times"],
    ["data:application/json,{}", "which is less safe"],
    ["file:///etc/passwd", "which is less safe"],
    ["http://me:secret@127.0.0.1:1/", "which is less safe"],
    ["http://[", "expected the hub's answer"],
    ["", "expected the hub's answer"],
  ])("that redirects to %j is left", async (location, expected) => {
    when(/\/revision\//, send("", location === "" ? {} : { Location: location }, 302));
    const message = await refusal();
    expect(message).toContain(expected);
    expect(message).not.toContain("secret");
    expect(hub.requests.length).toBeLessThan(13);
  });

  test.each(["revision", "tree"])("to %s that never ends is left", async (question) => {
    when(new RegExp(`/${question}/`), flood);
    const [, bytes] = /answers without end \((\d+) bytes\)/.exec(await refusal()) ?? [];
    expect(Number(bytes)).toBeGreaterThan(32 * 2 ** 20);
    expect(Number(bytes)).toBeLessThan(34 * 2 ** 20);
  });

  test.each(["revision", "tree", "resolve"])("to %s that drips is left", async (question) => {
    when(new RegExp(`/${question}/`), drip);
    // On a busy machine a drop may be late, which ends the waiting as well.
    expect(await refusal({ idleTimeoutMs: 1000 })).toMatch(
      /out of reach: (only \d+ bytes came in \d+\.\d|no answer for 1) s/,
    );
  });

  test("that comes in time, again and again, is left after a while", async () => {
    when(/\/revision\//, (_, response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(2000, " ")), 20);
      response.on("close", () => {
        clearInterval(timer);
      });
    });
    // Eight times the timeout; on a busy machine a piece may come too late for the timeout itself.
    expect(await refusal({ timeoutMs: 250 })).toMatch(/no (whole answer for 2|answer for 0\.25) s/);
  });

  test.each([
    ["deep", "[".repeat(100_000)],
    ["no list", '{"a": 1}'],
    ["a list of nothing", "[null]"],
    ["cut off", '[{"type": "file", "path": "config.json"'],
    ["no JSON", "\0\u0001\u0002"],
    ["a web page", "<!doctype html><title>Log in</title>"],
  ])("that is %s is no answer", async (_, body) => {
    when(/\/tree\//, send(body));
    expect(await refusal()).toContain("found something else");
  });
});

describe("a listing", () => {
  const list = (...entries: object[]): void => {
    when(/\/tree\//, send(JSON.stringify(entries), { "Content-Type": "application/json" }));
  };
  const entryOf = (path: string, content: Buffer, more: object = {}): object => ({
    type: "file",
    path,
    size: content.length,
    oid: gitHash(content),
    ...more,
  });
  const lfs = (oid: string, size: number): object => ({ lfs: { oid, size, pointerSize: 134 }, size });

  test.each([
    ["a negative size", { size: -1 }],
    ["a broken size", { size: 1.5 }],
    ["a size in words", { size: "many" }],
    ["no size", { size: null }],
    ["no hash", { oid: "" }],
    ["a path for a hash", { oid: "../../../../etc/passwd" }],
    ["a hash in capitals", { oid: "A".repeat(40) }],
    ["a short hash", { oid: "abc" }],
  ])("with %s is no listing", async (_, more) => {
    list(entryOf("config.json", config, more), entryOf(single, weights));
    expect(await refusal()).toContain("found something else");
    expect(await namesIn(cacheDir)).toEqual([]);
  });

  test.each([
    "../config.json",
    "/config.json",
    "..\\config.json",
    "vae/../config.json",
    "config.json\u001b[2J",
  ])("of the path %j offers no config.json", async (path) => {
    list(entryOf(path, config), entryOf(single, weights));
    const message = await refusal({}, "org/plain", "NOT_FOUND");
    expect(message).toContain("expected config.json, found ");
    expect(message).not.toContain("\u001b");
    expect(await namesIn(cacheDir)).toEqual([]);
  });

  test("whose subfolder is another one is no listing", async () => {
    list(entryOf("xxx/config.json", config), entryOf(`xxx/${single}`, weights));
    expect(await refusal({ subfolder: "vae" })).toContain("found something else");
  });

  test("of a config of gigabytes is refused before it is fetched", async () => {
    list(entryOf("config.json", config, { size: 3e9 }), entryOf(single, weights));
    expect(await refusal()).toContain("lists config.json with 3000000000 bytes, more than any config has");
    expect(hub.requests.some((path) => path.includes("/resolve/"))).toBe(false);
  });

  test("of more than the disk has room for is refused before anything is fetched", async () => {
    list(entryOf("config.json", config), entryOf(single, weights, lfs(sha256(weights), 2 ** 52)));
    const message = await refusal({}, "org/plain", "IO");
    expect(message).toMatch(/org\/plain needs 45\d{14} bytes more, found \d+ free. Free some space/);
    expect(hub.requests.some((path) => path.includes("/resolve/"))).toBe(false);
    expect(await namesIn(repository())).toEqual([]);
  });
});
