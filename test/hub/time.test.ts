/** How long the hub is waited for, from when, and what is left of a question that is over. No test waits: the clock is set. */
import { getEventListeners } from "node:events";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { FileProgress } from "../../src/files/index.ts";
import { commit } from "../hub-server.ts";
import { fileRequests, hub, isWhole, refusal, resolve, send, single, weights, when } from "./hostile-hub.ts";

/** The defaults, which are what is tested. */
const defaults = { timeoutMs: undefined, idleTimeoutMs: undefined };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Waits for what the network brings; the clock stands. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** The clock goes on, and whoever waits for it hears of it. */
const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

/** Holds the answers to a path back; `next` gives one when its request has come. */
function held(path: RegExp): { next: () => Promise<ServerResponse> } {
  const came: ServerResponse[] = [];
  let tell: ((response: ServerResponse) => void) | undefined;
  when(path, (_, response) => {
    if (tell === undefined) came.push(response);
    else tell(response);
    tell = undefined;
  });
  return {
    next: () => {
      const first = came.shift();
      return first === undefined ? new Promise((resolve) => (tell = resolve)) : Promise.resolve(first);
    },
  };
}

const info = JSON.stringify({ id: "org/plain", sha: commit, lastModified: "2026-01-01" });

describe("the head of an answer", () => {
  test("is waited for 15 s", async () => {
    const answers = held(/\/revision\//);
    const work = resolve(defaults);
    const response = await answers.next();
    await pass(14_999);
    response.end(info);
    expect(await isWhole(await work)).toBe(true);
  });

  test("is not waited for any longer", async () => {
    const answers = held(/\/revision\//);
    const work = refusal(defaults);
    await answers.next();
    await pass(15_000);
    expect(await work).toContain("is out of reach: no answer for 15 s.");
  });

  test("is waited for as long as the option says, whatever the body's is", async () => {
    const answers = held(/\/revision\//);
    const work = refusal({ timeoutMs: 700, idleTimeoutMs: 60_000 });
    await answers.next();
    await pass(700);
    expect(await work).toContain("no answer for 0.7 s");
  });

  test("is waited for anew after each redirect", async () => {
    const answers = held(/\/revision\//);
    const work = resolve(defaults);
    for (let hop = 0; hop < 3; hop++) {
      const response = await answers.next();
      await pass(14_000);
      response.writeHead(307, { Location: "/api/models/org/plain/revision/main" }).end();
    }
    (await answers.next()).end(info);
    expect(await isWhole(await work)).toBe(true);
  });
});

describe("a body", () => {
  const body = { "Content-Length": weights.length };

  /** How much of the weights has come. */
  function loaded(): { bytes: number; note: (event: FileProgress) => void } {
    const come = {
      bytes: 0,
      note: ({ file, loadedBytes }: FileProgress) => {
        if (file === single) come.bytes = loadedBytes;
      },
    };
    return come;
  }

  test("may stand still for less than 30 s, also longer than a head may take", async () => {
    const answers = held(/\/cdn\//);
    const come = loaded();
    const work = resolve({ ...defaults, onProgress: come.note });
    const response = await answers.next();
    response.writeHead(200, body).write(weights.subarray(0, 1000));
    await until(() => come.bytes === 1000);
    await pass(29_999);
    response.end(weights.subarray(1000));
    expect(await isWhole(await work)).toBe(true);
  });

  test("is given up when nothing came for 30 s", async () => {
    const answers = held(/\/cdn\//);
    const come = loaded();
    const work = refusal({ ...defaults, onProgress: come.note });
    const response = await answers.next();
    response.writeHead(200, body).write(weights.subarray(0, 1000));
    await until(() => come.bytes === 1000);
    await pass(30_000);
    expect(await work).toContain("is out of reach: no answer for 30 s.");
  });

  test("is given up when too little of it came in 30 s, though something always does", async () => {
    const answers = held(/\/cdn\//);
    const come = loaded();
    const work = refusal({ ...defaults, onProgress: come.note });
    const response = await answers.next();
    response.writeHead(200, body);
    for (let part = 1; part <= 3; part++) {
      response.write(weights.subarray(0, 1000));
      await until(() => come.bytes === 1000 * part);
      await pass(10_000);
    }
    response.write(weights.subarray(0, 1000));
    expect(await work).toContain("only 4000 bytes came in 30.0 s");
  });

  test("is not blamed for the time that its reader takes", async () => {
    const answers = held(/\/cdn\//);
    const come = loaded();
    const work = resolve({
      ...defaults,
      onProgress: (event) => {
        come.note(event);
        vi.advanceTimersByTime(1_000_000);
      },
    });
    const response = await answers.next();
    response.writeHead(200, body);
    for (let start = 0; start < weights.length; start += 10_000) {
      const end = Math.min(start + 10_000, weights.length);
      response.write(weights.subarray(start, end));
      await until(() => come.bytes === end);
    }
    response.end();
    expect(await isWhole(await work)).toBe(true);
  });
});

describe("a question to the API", () => {
  const link = (): Record<string, string> => ({
    Link: `<${hub.endpoint}/api/models/org/plain/tree/${commit}?cursor=x>; rel="next"`,
  });

  test("ends eight times its timeout after it began, all its pages together", async () => {
    const answers = held(/\/tree\//);
    const work = refusal(defaults);
    for (let page = 0; page < 8; page++) {
      const response = await answers.next();
      await pass(14_999);
      send("[]", link())(undefined as never, response);
    }
    const response = await answers.next();
    await pass(9);
    send("[]")(undefined as never, response);
    expect(await work).toContain("no whole answer for 120 s");
  });

  test("takes less than that", async () => {
    const answers = held(/\/tree\/[^/]+$/);
    const work = refusal(defaults, "org/plain", "NOT_FOUND");
    for (let page = 0; page < 7; page++) {
      const response = await answers.next();
      await pass(14_999);
      send("[]", link())(undefined as never, response);
    }
    const response = await answers.next();
    await pass(14_999);
    send("[]")(undefined as never, response);
    expect(await work).toContain("expected config.json, found no files");
  });
});

describe("a question that is over", () => {
  test("leaves neither a timer nor a listener of the caller's signal", async () => {
    const { signal } = new AbortController();
    expect(await isWhole(await resolve({ signal }))).toBe(true);
    await refusal({ signal, revision: "gone" }, "org/plain", "NOT_FOUND");
    // One is of Node's client itself, for all its connections.
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test.each([
    ["redirects", 307],
    ["refuses", 500],
    ["refuses", 404],
  ])("that %s with %i does not keep its connection, though its body never ends", async (_, status) => {
    const connection = { isClosed: false };
    when(
      /\/revision\//,
      (_, response) => {
        response.writeHead(status, { Location: "/api/models/org/plain/revision/main" }).write("x");
        response.on("close", () => (connection.isClosed = true));
      },
      1,
    );
    await resolve().catch(() => undefined);
    // Connections that nobody closes end, too, but only when Node collects what it no longer needs.
    for (let turn = 0; turn < 100 && !connection.isClosed; turn++)
      await (await fetch(`${hub.endpoint}/turn`)).text();
    expect(connection.isClosed).toBe(true);
  });

  test("by the caller's signal between two files asks for nothing more", async () => {
    const controller = new AbortController();
    const onProgress = ({ loadedBytes, totalBytes }: FileProgress): void => {
      if (loadedBytes === totalBytes) controller.abort();
    };
    await refusal({ signal: controller.signal, onProgress }, "org/plain", "ABORTED");
    expect(fileRequests()).toEqual([expect.stringContaining("config.json")]);
  });

  test("by a signal that had fired before asks for nothing at all", async () => {
    await refusal({ signal: AbortSignal.abort() }, "org/plain", "ABORTED");
    expect(hub.requests).toEqual([]);
  });
});
