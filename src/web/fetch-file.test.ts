/** Files by HTTP from a server that does what servers do. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { fetchFile, type FetchOptions } from "./fetch-file.ts";

let answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end();
let origin = "";
const requests: IncomingMessage[] = [];
const server = createServer((request, response) => {
  requests.push(request);
  answer(request, response);
});
// Clients end connections that rest; a server that ended one at the moment of a request would break it.
server.keepAliveTimeout = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  requests.length = 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) % 251));
const get = async (options: Partial<FetchOptions> = {}): Promise<Uint8Array> => {
  const { blob } = await fetchFile(`${origin}/file`, { maxBytes: 1e6, ...options });
  return new Uint8Array(await blob.arrayBuffer());
};
const refusal = (code: string, message: string): object => ({
  name: "VaekitError",
  code,
  message: expect.stringContaining(`${origin}/file: ${message}`) as string,
});

/** What the network has brought when it has brought other things: a connection that nobody closes ends much later, too. */
async function expectSoon(holds: () => boolean): Promise<void> {
  answer = (_, response) => response.end();
  for (let turn = 0; turn < 100 && !holds(); turn++) await (await fetch(`${origin}/turn`)).text();
  expect(holds()).toBe(true);
}

describe("a file", () => {
  test.each<[string, (response: ServerResponse) => void]>([
    [
      "of a length that is announced",
      (response) => response.writeHead(200, { "Content-Length": bytes.length }).end(bytes),
    ],
    [
      "of a length that is not",
      (response) => response.writeHead(200, { "Transfer-Encoding": "chunked" }).end(bytes),
    ],
  ])("%s comes whole", async (_, send) => {
    answer = (_request, response) => {
      send(response);
    };
    const found = await get();
    expect(Buffer.from(found).equals(bytes)).toBe(true);
  });

  test("without a byte comes as none", async () => {
    for (const status of [200, 204]) {
      answer = (_, response) => response.writeHead(status).end();
      expect(await get()).toHaveLength(0);
    }
  });

  test("may have as many bytes as are allowed, and not one more, announced or not", async () => {
    for (const headers of [{ "Content-Length": bytes.length }, { "Transfer-Encoding": "chunked" }]) {
      answer = (_, response) => response.writeHead(200, headers).end(bytes);
      expect(await get({ maxBytes: bytes.length })).toHaveLength(bytes.length);
      await expect(get({ maxBytes: bytes.length - 1 })).rejects.toMatchObject(
        refusal("INVALID_FILE", `expected at most ${bytes.length - 1} bytes, found `),
      );
    }
  });

  test("is asked for with the caller's headers, and where a redirect leads", async () => {
    answer = (request, response) => {
      if (request.url === "/file") response.writeHead(302, { Location: "/other" }).end();
      else response.end(bytes);
    };
    expect(await get({ headers: { "X-Mine": "yes" } })).toHaveLength(bytes.length);
    expect(requests.map(({ url, headers }) => [url, headers["x-mine"]])).toEqual([
      ["/file", "yes"],
      ["/other", "yes"],
    ]);
  });

  test("that is too large is not read to its end", async () => {
    let isClosed = false;
    answer = (_, response) => {
      response.on("close", () => (isClosed = true));
      response.writeHead(200, { "Content-Length": 2e6 }).write("x");
    };
    await expect(get()).rejects.toMatchObject(
      refusal("INVALID_FILE", "expected at most 1000000 bytes, found 2000000 or more."),
    );
    await expectSoon(() => isClosed);
  });
});

describe("a refusal", () => {
  test.each([
    [404, "NOT_FOUND", "expected the file, found HTTP 404. Check the address."],
    [410, "NOT_FOUND", "expected the file, found HTTP 410. Check the address."],
    [401, "IO", "found HTTP 401. Pass an authorisation in the option headers."],
    [403, "IO", "found HTTP 403. Pass an authorisation in the option headers."],
    [429, "IO", "found HTTP 429. The server is busy or broken: try again later."],
    [500, "IO", "found HTTP 500. The server is busy or broken: try again later."],
    [599, "IO", "found HTTP 599. The server is busy or broken: try again later."],
    [400, "IO", "found HTTP 400."],
    [499, "IO", "found HTTP 499."],
  ])("of status %i is %s, and says what to do", async (status, code, message) => {
    answer = (_, response) => response.writeHead(status).end();
    const error: unknown = await get().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(String(error).endsWith(message)).toBe(true);
  });

  test("that goes on without end is not read", async () => {
    let isClosed = false;
    answer = (_, response) => {
      response.on("close", () => (isClosed = true));
      response.writeHead(404).write("x");
    };
    await expect(get()).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expectSoon(() => isClosed);
  });
});

describe("a connection", () => {
  const breakAfter =
    (headers: Record<string, string | number>) => (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(200, headers);
      response.write(bytes.subarray(0, 1000), () => setImmediate(() => response.destroy()));
    };

  test.each<[Record<string, string | number>, string]>([
    [{ "Content-Length": 200_000 }, "of 200000 bytes ("],
    [{ "Transfer-Encoding": "chunked" }, "bytes ("],
  ])("that breaks says how far it came: %j", async (headers, rest) => {
    answer = breakAfter(headers);
    const error: unknown = await get().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "IO" });
    expect(String(error)).toMatch(
      /file: the connection broke after (0|1000) (of 200000 )?bytes \(.*\)\. Try again\.$/,
    );
    expect(String(error)).toContain(rest);
    expect(error).toHaveProperty("cause");
  });
});

describe("a body that breaks off in the middle", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  /** Gives 1000 bytes, of 200000 that were announced. */
  const stubBody = (end: (controller: ReadableStreamDefaultController) => void): void => {
    let isBegun = false;
    const body = new ReadableStream({
      pull: (controller) => {
        if (isBegun) end(controller);
        else controller.enqueue(new Uint8Array(1000));
        isBegun = true;
      },
    });
    const headers = { "Content-Length": "200000" };
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(body, { headers })));
  };

  test("with an error says how far it came", async () => {
    stubBody((controller) => {
      controller.error(new TypeError("network error"));
    });
    await expect(get()).rejects.toMatchObject(
      refusal("IO", "the connection broke after 1000 of 200000 bytes (network error). Try again."),
    );
  });

  // As proxies and workers of a page can end one, which knows nothing of the length.
  test("and ends as if it were whole is none", async () => {
    stubBody((controller) => {
      controller.close();
    });
    await expect(get()).rejects.toMatchObject(
      refusal("IO", "the server ended after 1000 of 200000 bytes. Try again."),
    );
  });
});

test("a server that is not there may be one that refuses other origins", async () => {
  await expect(fetchFile("http://127.0.0.1:1/file", { maxBytes: 1 })).rejects.toMatchObject({
    code: "IO",
    message: expect.stringMatching(
      /^http:\/\/127\.0\.0\.1:1\/file: could not be fetched \(.*\)\. Is the address right, .* \(CORS\)\?$/,
    ) as string,
    cause: expect.anything() as unknown,
  });
});

test("what a listener of progress throws is the caller's own", async () => {
  answer = (_, response) => response.end(bytes);
  const mistake = new TypeError("mistake");
  const onBytes = (): void => {
    throw mistake;
  };
  await expect(get({ onBytes })).rejects.toBe(mistake);
});

test("a browser that is offline says so", async () => {
  vi.stubGlobal("navigator", { onLine: false });
  await expect(fetchFile("http://127.0.0.1:1/file", { maxBytes: 1 })).rejects.toMatchObject({
    code: "IO",
    message: expect.stringMatching(/The browser is offline: connect, and try again\.$/) as string,
  });
  vi.unstubAllGlobals();
});

describe("the caller's signal", () => {
  test("ends a question before it is asked", async () => {
    await expect(get({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    expect(requests).toEqual([]);
  });

  test("ends the waiting for an answer, and for the rest of one", async () => {
    for (const begin of [false, true]) {
      const controller = new AbortController();
      answer = (_, response) => {
        if (begin) response.write("x");
        setImmediate(() => {
          controller.abort("enough");
        });
      };
      await expect(get({ signal: controller.signal })).rejects.toMatchObject({
        code: "ABORTED",
        cause: "enough",
      });
    }
  });
});

test("headers that HTTP does not allow are refused before anything is asked", async () => {
  for (const headers of [{ "a b": "x" }, { a: "x\ny" }] as Record<string, string>[]) {
    await expect(get({ headers })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/^headers: /) as string,
    });
  }
  expect(requests).toEqual([]);
});
