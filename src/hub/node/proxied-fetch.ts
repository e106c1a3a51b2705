/** `fetch` through a proxy. Node's own knows none before Node 24, so undici's is loaded when a proxy is named. */
import type { Proxy } from "./proxy.ts";

/** One for each proxy: it keeps connections, which do not keep the process. */
const fetches = new Map<string, Promise<typeof fetch>>();

/** A `fetch` that goes through `proxy`, or directly. */
export async function fetchBy(proxy: Proxy | undefined): Promise<typeof fetch> {
  if (proxy === undefined) return fetch;
  const known = fetches.get(proxy.url.href) ?? makeFetch(proxy.url);
  fetches.set(proxy.url.href, known);
  return known;
}

async function makeFetch(url: URL): Promise<typeof fetch> {
  const { fetch: fetchOfUndici, ProxyAgent } = await import("undici");
  // For http addresses proxies expect the whole address in the request; a tunnel is for https.
  const dispatcher = new ProxyAgent({ uri: url.origin, token: authorizationOf(url), proxyTunnel: false });
  // The same class in two versions: Node's types are those of the undici inside of it.
  const fetchAny = fetchOfUndici as unknown as (input: unknown, init: object) => Promise<Response>;
  return (input, init) => fetchAny(input, { ...init, dispatcher });
}

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  const [name, secret] = [username, password].map(decode);
  return `Basic ${Buffer.from(`${name ?? ""}:${secret ?? ""}`).toString("base64")}`;
}

/** A password may have a percent sign that encodes nothing. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
