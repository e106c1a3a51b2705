/** How the bytes of one file come: what is asked, what is kept, in which order it is written, and what a full disk does. */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HubProgress } from "../../src/hub/index.ts";
import { commit, gitHash, sha256 } from "../hub-server.ts";
import { calls, clear, faults, systemError } from "../recorded-files.ts";
import {
  blob,
  cacheDir,
  config,
  hub,
  index,
  isWhole,
  namesIn,
  refusal,
  repository,
  resolve,
  send,
  shards,
  single,
  warnings,
  weights,
  when,
  type Answer,
} from "./hostile-hub.ts";

vi.mock("node:fs/promises", async (original) => {
  const { recorded } = await import("../recorded-files.ts");
  return recorded(await original());
});

beforeEach(clear);
afterEach(clear);

const parked = (content = weights): string => `${blob(content)}.vaekit-incomplete`;

/** A part that another writer has left: of a process of another machine, or nobody's. */
async function leavePart(bytes: Buffer, { name = parked(), ageSeconds = 0 } = {}): Promise<string> {
  await mkdir(dirname(name), { recursive: true });
  await writeFile(name, bytes);
  const when = Date.now() / 1000 - ageSeconds;
  await utimes(name, when, when);
  return name;
}

const blobNames = async (): Promise<string[]> => (await namesIn(join(repository(), "blobs"))).sort();
const onlyWhole = (): string[] => [sha256(weights), gitHash(config)].sort();

/** Answers like the ordinary hub, and notes the headers of the requests for weights. */
function noteHeaders(): IncomingHttpHeaders[] {
  const noted: IncomingHttpHeaders[] = [];
  hub.behaviour = {
    answer: (request) => {
      if (request.url?.startsWith("/cdn/") === true) noted.push(request.headers);
      return false;
    },
  };
  return noted;
}

describe("a request for a file", () => {
  test("asks for plain bytes, and for a range only where a part is here", async () => {
    const noted = noteHeaders();
    await resolve();
    expect(noted).toEqual([expect.objectContaining({ "accept-encoding": "identity" })]);
    expect(noted[0]).not.toHaveProperty("range");
    await rm(join(repository(), "snapshots"), { recursive: true });
    await rm(blob(weights));
    await leavePart(weights.subarray(0, 1));
    await resolve();
    expect(noted[1]).toHaveProperty("range", "bytes=1-");
  });

  test("writes every part of its path as an address needs it", async () => {
    const entry = (name: string, content: Buffer): object => ({
      type: "file",
      path: `é+&/vae/${name}`,
      size: content.length,
      oid: gitHash(content),
    });
    const asked: string[] = [];
    when(/\/(tree|resolve)\//, (request, response) => {
      const url = request.url ?? "";
      if (url.includes("/tree/")) {
        response.end(JSON.stringify([entry("config.json", config), entry(single, weights)]));
        return;
      }
      asked.push(url);
      response.end(url.endsWith("config.json") ? config : weights);
    });
    expect(await isWhole(await resolve({ subfolder: "é+&/vae" }))).toBe(true);
    const folder = `/org/plain/resolve/${commit}/%C3%A9%2B%26/vae`;
    expect(asked).toEqual([`${folder}/config.json`, `${folder}/${single}`]);
  });

  test("of a file that is here already is not made", async () => {
    await resolve();
    hub.requests.length = 0;
    await rm(blob(weights));
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.requests.filter((path) => path.includes("/resolve/"))).toEqual([
      expect.stringContaining(single),
      expect.stringContaining(`/cdn/`),
    ]);
  });

  test("is not made after the caller's signal, which came while another file got its name", async () => {
    const controller = new AbortController();
    faults.fail = (call) => {
      if (call === "rename config.json.tmp → config.json") controller.abort();
      return undefined;
    };
    await refusal({ signal: controller.signal }, "org/plain", "ABORTED");
    expect(hub.requests.filter((path) => path.includes("safetensors"))).toEqual([]);
  });

  test("is not made where the content is here under another name", async () => {
    const { folder } = await resolve();
    await rm(folder, { recursive: true });
    hub.requests.length = 0;
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.requests.filter((path) => path.includes("/resolve/"))).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

describe("a part of a file", () => {
  const end = weights.length - 1;
  const full = weights.length;
  const part = (range: string | undefined): Answer => {
    return (request, response) => {
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      if (start === 0) {
        response.end(weights);
        return;
      }
      response.writeHead(206, range === undefined ? {} : { "Content-Range": range });
      response.end(weights.subarray(start));
    };
  };

  test.each([`bytes 40000-${end}/${full}`, `bytes 40000-${end}/*`])(
    "is continued by an answer of the range %s",
    async (range) => {
      await leavePart(weights.subarray(0, 40_000));
      const asked = vi.fn();
      when(/cdn/, (request, response) => {
        asked(request.headers.range);
        part(range)(request, response);
      });
      expect(await isWhole(await resolve())).toBe(true);
      expect(asked.mock.calls).toEqual([["bytes=40000-"]]);
    },
  );

  test.each([
    ["that starts elsewhere", `bytes 39999-${end}/${full}`],
    ["that ends too early", `bytes 40000-${end - 1}/${full}`],
    ["of a file of another size", `bytes 40000-${end}/${full + 1}`],
    ["in other units", `pages 40000-${end}/${full}`],
    ["that it does not tell", undefined],
  ])("is begun anew in the same call where the answer is a range %s", async (_, range) => {
    await leavePart(weights.subarray(0, 40_000));
    when(/cdn/, part(range));
    expect(await isWhole(await resolve())).toBe(true);
    expect(await blobNames()).toEqual(onlyWhole());
  });

  test("is told as loaded before the first new byte", async () => {
    await leavePart(weights.subarray(0, 40_000));
    const events: HubProgress[] = [];
    await resolve({ onProgress: (event) => events.push(event) });
    const ofWeights = events.filter(({ file }) => file === single).map(({ loadedBytes }) => loadedBytes);
    expect(ofWeights[0]).toBe(40_000);
    expect(ofWeights.at(-1)).toBe(full);
    expect(events[0]).toEqual({ file: "config.json", loadedBytes: 0, totalBytes: config.length });
  });

  test("of which no byte is missing is not taken for the file", async () => {
    await leavePart(Buffer.alloc(full));
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual([]);
  });

  test("of which one byte is missing is continued", async () => {
    await leavePart(weights.subarray(0, end));
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual([`bytes=${end}-`]);
  });

  test("keeps nothing of an earlier one that a hub without ranges began anew", async () => {
    await leavePart(Buffer.alloc(40_000));
    when(/cdn/, (_, response) => {
      response.writeHead(200, { "Content-Length": full });
      response.write(weights.subarray(0, 10_000), () => setImmediate(() => response.destroy()));
    });
    await refusal();
    const kept = await readFile(parked());
    expect(kept.equals(weights.subarray(0, kept.length))).toBe(true);
  });

  test("that a login page would continue is thrown away, and the file comes in the same call", async () => {
    await leavePart(weights.subarray(0, 40_000));
    const page: Answer = (_, response) =>
      response.writeHead(200, { "Content-Type": "text/html" }).end("<html>");
    when(/cdn/, page, 1);
    expect(await isWhole(await resolve())).toBe(true);
    expect(await blobNames()).toEqual(onlyWhole());
  });

  test("that turns out too long when it is continued is thrown away, and the file comes in the same call", async () => {
    await leavePart(weights.subarray(0, 40_000));
    when(
      /cdn/,
      (_, response) => {
        response.writeHead(206, { "Content-Range": `bytes 40000-${end}/*` });
        response.end(Buffer.alloc(full));
      },
      1,
    );
    expect(await isWhole(await resolve())).toBe(true);
  });

  const ofAnother = (age: number, name = "0a1b2c3d-999999999-0a1b2c3d"): Promise<string> =>
    leavePart(weights.subarray(0, 50_000), {
      name: `${blob(weights)}.${name}.vaekit-incomplete`,
      ageSeconds: age,
    });

  test.each([
    [110, undefined, "is left alone"],
    [130, undefined, "is continued"],
    [210, 55_000, "is left alone"],
    [230, 55_000, "is continued"],
    // A short time-out does not make a writer dead so soon.
    [110, 10, "is left alone"],
  ])(
    "of a writer elsewhere that was silent for %i s, at a time-out of %s ms, %s",
    async (ageSeconds, idleTimeoutMs, fate) => {
      const name = await ofAnother(ageSeconds);
      const limits = idleTimeoutMs === 10 ? { idleTimeoutMs: 1000 } : { idleTimeoutMs };
      expect(await isWhole(await resolve(limits))).toBe(true);
      expect(hub.ranges).toEqual(fate === "is continued" ? ["bytes=50000-"] : []);
      const left = (await blobNames()).filter((each) => each.endsWith("incomplete"));
      expect(left).toEqual(fate === "is continued" ? [] : [name.slice(dirname(name).length + 1)]);
    },
  );

  test("of a living process of another user, whom no signal reaches, is left alone", async () => {
    const machine = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
    await ofAnother(0, `${machine}-4321-0a1b2c3d`);
    const kill = vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
    });
    try {
      expect(await isWhole(await resolve())).toBe(true);
      expect(kill).toHaveBeenCalledWith(4321, 0);
      expect(hub.ranges).toEqual([]);
    } finally {
      kill.mockRestore();
    }
  });

  test("that was parked is taken before one of a dead writer, and both are gone afterwards", async () => {
    await leavePart(weights.subarray(0, 30_000));
    await ofAnother(10_000);
    await ofAnother(10_000, "0a1b2c3d-999999998-0a1b2c3d");
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual(["bytes=30000-"]);
    expect(await blobNames()).toEqual(onlyWhole());
  });

  test("of another file is left alone, and so are Python's", async () => {
    const others = [
      `${blob(weights)}.incomplete`,
      `${blob(weights, "f".repeat(64))}.vaekit-incomplete`,
      `${blob(weights)}9.vaekit-incomplete`,
    ];
    for (const name of others) await leavePart(weights.subarray(0, 20_000), { name, ageSeconds: 10_000 });
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual([]);
    for (const name of others) expect((await stat(name)).size).toBe(20_000);
  });
});

describe("an answer", () => {
  test("that is compressed, though nobody asked, has another length and is taken", async () => {
    const packed = gzipSync(weights);
    when(/cdn/, send(packed, { "Content-Encoding": "gzip" }));
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("that says it is not compressed is measured by its length", async () => {
    when(/cdn/, send(weights.subarray(0, 100), { "Content-Encoding": "identity" }));
    expect(await refusal()).toContain(`expected ${weights.length} bytes, the answer has 100 bytes`);
  });

  test("that ends too early says how far it came, and that the next call goes on", async () => {
    when(
      /cdn/,
      (_, response) =>
        void response.writeHead(200, { "Transfer-Encoding": "chunked" }).end(weights.subarray(0, 777)),
    );
    const message = await refusal();
    expect(message).toContain(
      `expected ${weights.length} bytes, the connection ended after 777. Try again to continue.`,
    );
    expect((await readFile(parked())).equals(weights.subarray(0, 777))).toBe(true);
  });
});

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
    expect(hub.requests.filter((path) => path.includes("/resolve/"))).toEqual([]);
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
    const onProgress = ({ file, loadedBytes }: HubProgress): void => {
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

  test("is not asked about a config that no model has, which may be as large as any may", async () => {
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
