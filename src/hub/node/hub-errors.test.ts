import { describe, expect, test } from "vitest";
import { HubUnreachableError } from "../refusal.ts";
import { reasonOf, refusal, unreachable, wayOf } from "./hub-errors.ts";
import type { HubSettings } from "./options.ts";
import type { Proxy } from "./proxy.ts";

const settings = (more: Partial<HubSettings> = {}): HubSettings => ({
  id: "org/name",
  variables: {},
  revision: "v1",
  localFilesOnly: false,
  cacheDir: "/cache",
  endpoint: "https://hub.test",
  timeoutMs: 1,
  idleTimeoutMs: 1,
  ...more,
});
const proxy: Proxy = {
  url: new URL("http://me:secret@proxy.test:3128"),
  variable: "HTTPS_PROXY",
  address: "http://proxy.test:3128",
};
const answer = (status: number, errorCode?: string): Response =>
  new Response(null, { status, headers: errorCode === undefined ? {} : { "X-Error-Code": errorCode } });

describe("a refusal", () => {
  const where = (status: number): string => `org/name: the hub at https://hub.test answered ${status}`;

  test.each<[number, string | undefined, string | undefined, string, string]>([
    [
      404,
      undefined,
      undefined,
      "NOT_FOUND",
      ": no such model or it is private; check the id, or set HF_TOKEN.",
    ],
    [404, "RevisionNotFound", undefined, "NOT_FOUND", ': no revision "v1". Check the branch, tag or commit.'],
    [
      404,
      "EntryNotFound",
      undefined,
      "NOT_FOUND",
      ': no such file or folder (subfolder "vae"). Check the subfolder.',
    ],
    [
      401,
      undefined,
      undefined,
      "HUB",
      ": no such model, or it is private or gated. Check the id, or set HF_TOKEN.",
    ],
    [
      401,
      undefined,
      "hf_x",
      "HUB",
      ": the token was refused. Check HF_TOKEN, or renew it with `hf auth login`.",
    ],
    [
      401,
      "GatedRepo",
      undefined,
      "HUB",
      ": the model is gated or closed to you. Accept its terms at https://hub.test/org/name, then set HF_TOKEN to a token of that account.",
    ],
    [
      403,
      undefined,
      "hf_x",
      "HUB",
      ": the model is gated or closed to you. Accept its terms at https://hub.test/org/name with the account of your token, which must be allowed to read it.",
    ],
    [429, undefined, undefined, "HUB", ": too many requests. Try again later (revision v1)."],
    [500, undefined, undefined, "HUB", ": the hub's own fault. Try again later (revision v1)."],
    [599, undefined, undefined, "HUB", ": the hub's own fault. Try again later (revision v1)."],
    [499, undefined, undefined, "HUB", ". Check the id, the revision (v1) and HF_ENDPOINT."],
  ])("of status %i with the code %s, the token being %s", (status, errorCode, token, code, rest) => {
    const error = refusal(settings({ token, subfolder: "vae" }), undefined, answer(status, errorCode));
    expect(error).toMatchObject({ code, message: `${where(status)}${rest}` });
    const isFault = status === 429 || status >= 500;
    expect(error instanceof HubUnreachableError).toBe(isFault);
  });

  test("through a proxy names it, and a proxy that wants a password is not taken for the hub", () => {
    expect(refusal(settings(), proxy, answer(404)).message).toContain(
      "answered 404 through the proxy http://proxy.test:3128 (HTTPS_PROXY): no such model",
    );
    const wanted = refusal(settings(), proxy, answer(407));
    expect(wanted).toBeInstanceOf(HubUnreachableError);
    expect(wanted.message).toBe(
      "org/name: the hub at https://hub.test is out of reach through the proxy http://proxy.test:3128 (HTTPS_PROXY): " +
        "the proxy wants a user name and a password, as in http://NAME:PASSWORD@HOST. " +
        "Check the connection, HTTPS_PROXY and HF_ENDPOINT, or name the host in NO_PROXY, and try again.",
    );
    expect(wayOf(undefined)).toBe("");
  });
});

describe("a hub out of reach", () => {
  test.each([
    [{}, "Check the connection and HF_ENDPOINT, set HTTPS_PROXY if a proxy stands between, and try again."],
    [
      { NO_PROXY: "hub.test" },
      "Check the connection and HF_ENDPOINT, set HTTPS_PROXY if a proxy stands between, and try again.",
    ],
    [
      { HTTP_PROXY: "http://proxy.test" },
      "Check the connection and HF_ENDPOINT, and try again; no proxy was used, by HTTP_PROXY.",
    ],
    [
      { HTTPS_PROXY: "http://proxy.test", NO_PROXY: "hub.test" },
      "Check the connection and HF_ENDPOINT, and try again; no proxy was used, by HTTPS_PROXY, NO_PROXY.",
    ],
  ])("is told what to do where %j is set", (variables, remedy) => {
    const cause = new Error("why");
    const error = unreachable(settings({ variables }), undefined, "it sleeps", cause);
    expect(error.message).toBe(`org/name: the hub at https://hub.test is out of reach: it sleeps. ${remedy}`);
    expect(error).toMatchObject({ code: "HUB", cause });
  });
});

describe("the reason of a failure", () => {
  const failed = (code: string | undefined, message = "deep"): Error => {
    const deep = Object.assign(new Error(message), code === undefined ? {} : { code });
    return new TypeError("fetch failed", { cause: new Error("between", { cause: deep }) });
  };

  test.each([
    ["ECONNREFUSED", "connection refused"],
    ["ENOTFOUND", "no such host"],
    ["EAI_AGAIN", "no such host"],
    ["UND_ERR_SOCKET", "the connection broke"],
    ["ECONNRESET", "the connection broke"],
    ["EOTHER", "deep"],
    [undefined, "deep"],
  ])("of the code %s is %j", (code, reason) => {
    expect(reasonOf(failed(code))).toBe(reason);
  });

  test.each([
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "UNABLE_TO_GET_ISSUER_CERT",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  ])("of the certificate's code %s says how to trust it", (code) => {
    expect(reasonOf(failed(code))).toBe(
      `nobody whom Node trusts vouches for its certificate (${code}); name your company's or proxy's in NODE_EXTRA_CA_CERTS`,
    );
  });

  test.each([
    ["bad port", "its port is one that web clients never ask"],
    [
      "Proxy response (407) !== 200 when HTTP Tunneling",
      "the proxy wants a user name and a password, as in http://NAME:PASSWORD@HOST",
    ],
    ["Proxy response (502) !== 200 when HTTP Tunneling", "the proxy answered 502"],
    ["4071 things", "4071 things"],
    ["A sentence.", "A sentence"],
  ])("of the message %j is %j", (message, reason) => {
    expect(reasonOf(failed(undefined, message))).toBe(reason);
  });

  test("is what was thrown, where that is no error", () => {
    expect(reasonOf("just text.")).toBe("just text");
  });
});
