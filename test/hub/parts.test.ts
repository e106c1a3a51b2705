/** What becomes of a part of a file: which one is continued, by which answers, and which one is left alone. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { FileProgress } from "../../src/files/index.ts";
import { gitHash, sha256 } from "../hub-server.ts";
import {
  blob,
  config,
  hub,
  isWhole,
  namesIn,
  refusal,
  repository,
  resolve,
  single,
  weights,
  when,
  type Answer,
} from "./hostile-hub.ts";
import { leavePart, parked } from "./unfinished-file.ts";

const blobNames = async (): Promise<string[]> => (await namesIn(join(repository(), "blobs"))).sort();
const onlyWhole = (): string[] => [sha256(weights), gitHash(config)].sort();

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
    const events: FileProgress[] = [];
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
