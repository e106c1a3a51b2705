/** What every question to the hub carries, and to where a redirect is followed. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { resolveFromHub } from "../../src/hub/node/index.ts";
import { startHubServer, type HubServer } from "../hub-server.ts";
import { selfSigned } from "../self-signed.ts";
import {
  config,
  fileRequests,
  hub,
  isWhole,
  refusal,
  resolve,
  send,
  single,
  token,
  weights,
  when,
} from "./hostile-hub.ts";

describe("a question", () => {
  test("asks for JSON of the API, and one address in one way whatever slashes the endpoint ends with", async () => {
    const noted: string[] = [];
    hub.behaviour = {
      answer: (request) => {
        if (request.url?.startsWith("/api/") === true) noted.push(request.headers.accept ?? "");
        return false;
      },
    };
    expect(await isWhole(await resolve({ endpoint: `${hub.endpoint}//` }))).toBe(true);
    expect(new Set(noted)).toEqual(new Set(["application/json"]));
    expect(hub.requests[0]).toBe("GET /api/models/org/plain/revision/main");
    expect(hub.requests.filter((path) => path.includes("//"))).toEqual([]);
  });

  test("for no range that is answered with 416 is refused, and not asked again and again", async () => {
    when(/resolve.*config\.json/, send("", {}, 416));
    expect(await refusal()).toContain("answered 416");
    expect(fileRequests()).toHaveLength(1);
  });
});

describe("a token", () => {
  test("is sent with every question to the hub, and not to the store of large files elsewhere", async () => {
    const store = await startHubServer({ "org/plain": { [single]: weights } });
    try {
      when(/\/resolve\/.*safetensors/, (request, response) => {
        response.writeHead(302, { Location: `${store.endpoint}/cdn${request.url ?? ""}` }).end();
      });
      expect(await isWhole(await resolve())).toBe(true);
      expect(new Set(hub.authorizations)).toEqual(new Set([`Bearer ${token}`]));
      expect(store.authorizations).toEqual([""]);
    } finally {
      await store.close();
    }
  });

  test("comes back with a redirect that comes back", async () => {
    when(/\/revision\/main$/, (_, response) => {
      response.writeHead(307, { Location: "/api/models/org/plain/revision/main?again" }).end();
    });
    await resolve();
    expect(hub.authorizations.slice(0, 2)).toEqual([`Bearer ${token}`, `Bearer ${token}`]);
  });

  test("that is none sends no header", async () => {
    await resolve({ token: false });
    expect(new Set(hub.authorizations)).toEqual(new Set([""]));
  });
});

describe("redirects", () => {
  const redirect = (times: number): void => {
    when(
      /\/revision\//,
      (_, response) => {
        response.writeHead(307, { Location: "/api/models/org/plain/revision/main" }).end();
      },
      times,
    );
  };

  test("are followed ten times, and not eleven times", async () => {
    redirect(10);
    expect(await isWhole(await resolve())).toBe(true);
    redirect(11);
    expect(await refusal()).toContain("redirects more than 10 times");
  });

  test.each([301, 302, 303, 307, 308])("of status %i are followed", async (status) => {
    when(
      /\/revision\//,
      (_, response) => {
        response.writeHead(status, { Location: "/api/models/org/plain/revision/main" }).end();
      },
      1,
    );
    expect(await isWhole(await resolve())).toBe(true);
  });
});

describe("a redirect between http and https", () => {
  const toOther = (to: () => string) => ({
    answer: (request: IncomingMessage, response: ServerResponse): boolean => {
      response.writeHead(307, { Location: to() + (request.url ?? "") }).end();
      return true;
    },
  });
  let secure: HubServer;
  beforeAll(async () => {
    secure = await startHubServer(
      { "org/plain": { "config.json": config, [single]: weights } },
      selfSigned(),
    );
  });
  beforeEach(() => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    secure.behaviour = {};
    secure.authorizations.length = 0;
  });
  afterAll(() => secure.close());

  test("is not followed to where anyone can listen", async () => {
    secure.behaviour = toOther(() => hub.endpoint);
    expect(await refusal({ endpoint: secure.endpoint })).toContain(
      `redirects from ${secure.endpoint} to ${hub.endpoint}, which is less safe`,
    );
    expect(hub.requests).toEqual([]);
  });

  test("is followed to where nobody can", async () => {
    hub.behaviour = toOther(() => secure.endpoint);
    expect(await isWhole(await resolve())).toBe(true);
    expect(new Set(secure.authorizations)).toEqual(new Set([""]));
  });
});

test("names are checked before anything is asked", async () => {
  for (const options of [
    { revision: "a b" },
    { subfolder: "../vae" },
    { variant: "fp16/../x" },
    { variant: "a b" },
  ]) {
    const error: unknown = await resolve(options).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/(Revision|Subfolder|Variant): expected a relative name/);
  }
  await expect(resolveFromHub("a--b/c")).rejects.toThrow("expected org/name");
  expect(hub.requests).toEqual([]);
});
