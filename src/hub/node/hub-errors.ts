/** What the hub's refusals and silences mean to a user. No message repeats a token, or text of the hub's. */
import { messageOf, VaekitError } from "../../errors.ts";
import { HubUnreachableError, refusalOf, type HubRemedies } from "../refusal.ts";
import type { HubSettings } from "./options.ts";
import { proxyVariables } from "./proxy.ts";
import type { Proxy } from "./proxy.ts";

/** How messages tell by which way the hub was asked. */
export function wayOf(proxy: Proxy | undefined): string {
  return proxy === undefined ? "" : ` through the proxy ${proxy.address} (${proxy.variable})`;
}

/** The error for a hub that does not answer, or not in time. */
export function unreachable(
  settings: HubSettings,
  proxy: Proxy | undefined,
  reason: string,
  cause?: unknown,
): HubUnreachableError {
  return new HubUnreachableError(
    "HUB",
    `${settings.id}: the hub at ${settings.endpoint} is out of reach${wayOf(proxy)}: ${reason}. ` +
      remedyFor(settings, proxy),
    { cause },
  );
}

function remedyFor(settings: HubSettings, proxy: Proxy | undefined): string {
  if (proxy !== undefined) {
    return `Check the connection, ${proxy.variable} and HF_ENDPOINT, or name the host in NO_PROXY, and try again.`;
  }
  const names = proxyVariables(settings.variables);
  if (names.every((name) => /^no_/i.test(name))) {
    return "Check the connection and HF_ENDPOINT, set HTTPS_PROXY if a proxy stands between, and try again.";
  }
  return `Check the connection and HF_ENDPOINT, and try again; no proxy was used, by ${names.join(", ")}.`;
}

/** What Node says where a company's proxy signs for every host. */
const untrusted = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Why a request failed: `fetch failed` says nothing, the last of its causes does. */
export function reasonOf(error: unknown): string {
  let cause = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "no such host";
  if (code === "UND_ERR_SOCKET" || code === "ECONNRESET") return "the connection broke";
  if (untrusted.has(code)) {
    return `nobody whom Node trusts vouches for its certificate (${code}); name your company's or proxy's in NODE_EXTRA_CA_CERTS`;
  }
  if (messageOf(cause) === "bad port") return "its port is one that web clients never ask";
  const text = messageOf(cause).replace(/\.$/, "");
  if (/\b407\b/.test(text))
    return "the proxy wants a user name and a password, as in http://NAME:PASSWORD@HOST";
  const tunnel = /Proxy response \((\d+)\)/.exec(text);
  return tunnel === null ? text : `the proxy answered ${tunnel[1]}`;
}

const remedies: HubRemedies = {
  giveToken: "set HF_TOKEN",
  giveOwnToken: "set HF_TOKEN to a token of that account",
  renewToken: "Check HF_TOKEN, or renew it with `hf auth login`.",
  endpoint: "HF_ENDPOINT",
};

/** The error for an answer that refuses. */
export function refusal(settings: HubSettings, proxy: Proxy | undefined, response: Response): VaekitError {
  const { status, headers } = response;
  if (status === 407) return unreachable(settings, proxy, reasonOf(new Error("407")));
  return refusalOf(settings, { status, errorCode: headers.get("X-Error-Code"), way: wayOf(proxy) }, remedies);
}

/** The error for an answer that is none of the hub's. */
export function nonsense(settings: HubSettings, cause?: unknown): VaekitError {
  return new VaekitError(
    "HUB",
    `${settings.id}: expected the hub's answer from ${settings.endpoint}, found something else. ` +
      "Check HF_ENDPOINT, and whether a login page stands between.",
    { cause },
  );
}

/** The error for an answer that goes beyond what any model needs. */
export function beyondLimit(settings: HubSettings, found: string): VaekitError {
  return new VaekitError(
    "HUB",
    `${settings.id}: the hub at ${settings.endpoint} ${found}. Check HF_ENDPOINT, and the model's page.`,
  );
}
