import { link, mkdir, readFile, rm, statfs, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { gitHash, sha256 } from "../hub-server.ts";
import {
  config,
  single,
  weights,
  hub,
  cacheDir,
  resolve,
  refusal,
  when,
  send,
  flood,
  repository,
  blob,
  namesIn,
  isWhole,
  type Answer,
} from "./hostile-hub.ts";
import { leavePart, parked } from "./unfinished-file.ts";

describe("a file of the hub", () => {
  test("needs room for what is missing of it alone", async () => {
    const { bavail, bsize } = await statfs(cacheDir);
    const part = await leavePart(Buffer.alloc(0));
    // Without blocks on the disk; others who write there meanwhile change less than the half of it.
    await truncate(part, 2 ** 33);
    const entries = [
      { type: "file", path: "config.json", size: config.length, oid: gitHash(config) },
      {
        type: "file",
        path: single,
        size: 1,
        oid: "",
        lfs: { oid: sha256(weights), size: bavail * bsize + 2 ** 32 },
      },
    ];
    when(/\/(tree|cdn)\//, (request, response) => {
      if (request.url?.includes("/tree/") === true) response.end(JSON.stringify(entries));
      else response.writeHead(500).end();
    });
    expect(await refusal()).toContain("answered 500");
    await rm(part);
    expect(await refusal({}, "org/plain", "IO")).toContain("bytes more, found ");
  });

  test.each([
    ["config.json", /resolve.*config\.json/, {}],
    [single, /cdn.*safetensors/, {}],
    ["config.json", /resolve.*config\.json/, { "Transfer-Encoding": "chunked" }],
  ])("%s that is a login page for once is not kept", async (name, path, headers) => {
    when(
      path,
      (_, response) =>
        response
          .writeHead(200, { "Content-Type": "text/html; charset=utf-8", ...headers })
          .end("<html>Log in"),
      1,
    );
    const message = await refusal();
    expect(message).toContain(`org/plain: ${name} from ${hub.endpoint}: expected `);
    expect(message).toContain("a login page may stand between");
    expect(
      (await namesIn(join(repository(), "blobs"))).filter((each) => each.includes("incomplete")),
    ).toEqual([]);
    expect(await namesIn(join(repository(), "refs"))).toEqual([]);
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("of another content and the same size is not kept, small ones too", async () => {
    const forged = Buffer.from(config.toString().replace("4", "8"));
    when(/resolve.*config\.json/, send(forged), 1);
    expect(await refusal()).toContain(
      `config.json from ${hub.endpoint}: expected git hash ${gitHash(config)}`,
    );
    expect(await namesIn(join(repository(), "blobs"))).toEqual([]);
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("that is longer than listed is left, announced or not", async () => {
    const longer = Buffer.concat([weights, Buffer.from("more")]);
    when(/cdn/, send(longer));
    expect(await refusal()).toContain(
      `expected ${weights.length} bytes, the answer has ${longer.length} bytes`,
    );
    when(/cdn/, flood);
    expect(await refusal()).toContain(`expected ${weights.length} bytes, found more`);
    expect(await namesIn(join(repository(), "blobs"))).toEqual([gitHash(config)]);
  });

  test("that cannot be placed where a folder stands is an error that names it", async () => {
    await mkdir(join(blob(config, gitHash(config)), "x"), { recursive: true });
    expect(await refusal({}, "org/plain", "IO")).toContain("expected a file of the cache, found a folder");
  });
});

describe("a part of a file", () => {
  const noPartIsLeft = async (): Promise<void> => {
    expect((await namesIn(dirname(parked()))).sort()).toEqual([sha256(weights), gitHash(config)].sort());
  };

  test("is continued", async () => {
    await leavePart(weights.subarray(0, 40_000));
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual(["bytes=40000-"]);
    await noPartIsLeft();
  });

  test.each<[string, Answer]>([
    ["ignores Range", send(weights)],
    [
      "sends another range",
      (_, response) => {
        const range = `bytes 0-${weights.length - 1}/${weights.length}`;
        response.writeHead(206, { "Content-Range": range }).end(weights);
      },
    ],
    [
      "knows no range",
      (request, response) => {
        if (request.headers.range === undefined) response.end(weights);
        else response.writeHead(416, { "Content-Range": `bytes */${weights.length}` }).end("no such range");
      },
    ],
  ])("is begun anew by a hub that %s", async (_, answer) => {
    await leavePart(weights.subarray(0, 40_000));
    when(/cdn/, answer);
    expect(await isWhole(await resolve())).toBe(true);
    await noPartIsLeft();
  });

  test("of another content is thrown away, and the file comes whole in the same call", async () => {
    await leavePart(Buffer.alloc(40_000, "another file"));
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual(["bytes=40000-"]);
    await noPartIsLeft();
  });

  test("that is too long is thrown away", async () => {
    await leavePart(Buffer.concat([weights, weights]));
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual([]);
    await noPartIsLeft();
  });

  test.each(["a symbolic link", "a second name"])("that is %s is not written through", async (kind) => {
    const victim = join(cacheDir, "victim");
    await writeFile(victim, "precious");
    await mkdir(dirname(parked()), { recursive: true });
    await (kind === "a symbolic link" ? symlink(victim, parked()) : link(victim, parked()));
    expect(await isWhole(await resolve())).toBe(true);
    expect(await readFile(victim, "utf8")).toBe("precious");
    await noPartIsLeft();
  });

  test("that is a folder is put away", async () => {
    await mkdir(join(parked(), "x"), { recursive: true });
    expect(await isWhole(await resolve())).toBe(true);
    await noPartIsLeft();
  });

  test("of a process that was killed is continued at once, and that of a living one is left alone", async () => {
    hub.behaviour = { cutAfterBytes: 30_000 };
    await refusal();
    const names: string[] = [];
    hub.behaviour = {
      answer: (request) => {
        if (request.url?.startsWith("/cdn/") === true) setTimeout(() => void note(), 0);
        return false;
      },
    };
    const note = async (): Promise<void> => {
      names.push(...(await namesIn(dirname(parked()))).filter((name) => name.endsWith("-incomplete")));
    };
    hub.behaviour.stallAfterBytes = 1000;
    await refusal({ idleTimeoutMs: 300 });
    expect(names).toHaveLength(1);
    // The name of a part tells its process; no process has this number.
    const living = join(dirname(parked()), names[0] ?? "");
    const dead = living.replace(/-\d+-/, "-999999999-");
    await writeFile(dead, weights.subarray(0, 50_000));
    await rm(parked());
    await writeFile(living, weights.subarray(0, 55_000));
    hub.behaviour = {};
    hub.ranges.length = 0;
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual(["bytes=50000-"]);
    expect((await namesIn(dirname(parked()))).filter((name) => name.endsWith("-incomplete"))).toEqual(names);
  });
});
