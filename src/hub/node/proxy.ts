/**
 * Which proxy an address goes through: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, read as Python's urllib
 * and httpx read them (`getproxies_environment`, `get_environment_proxies`).
 */
import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";

import { VaekitError } from "../../errors.ts";
import type { Variables } from "./python-text.ts";
import { strip } from "./python-text.ts";

/** A proxy, and who named it. */
export interface Proxy {
  readonly url: URL;
  /** The variable, for messages. */
  readonly variable: string;
  /** The address without user name and password, for messages. */
  readonly address: string;
}

/** Where a pattern leads: to a proxy, or past all of them. */
interface Route {
  /** Empty: any. */
  readonly scheme: string;
  /** Empty: any. */
  readonly port: string;
  /** Compared in order; the smallest wins: a port first, then a host, then a network, the smallest first. */
  readonly rank: readonly number[];
  readonly matchesHost: (host: string) => boolean;
  readonly variable?: Variable;
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

/** The names of the proxy variables that are set, for messages. */
export function proxyVariables(variables: Variables): string[] {
  return [...readVariables(variables).values()].map(({ name }) => name);
}

/**
 * The proxy for `url`; undefined to go there directly.
 * @throws {VaekitError} `HUB` if the variable names no http or https proxy
 */
export function proxyFor(url: URL, variables: Variables): Proxy | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const scheme = url.protocol.slice(0, -1);
  const route = routesOf(variables).find(
    (each) =>
      (each.scheme === "" || each.scheme === scheme) &&
      (each.port === "" || each.port === url.port) &&
      each.matchesHost(host),
  );
  return route?.variable === undefined ? undefined : parseProxy(route.variable);
}

function parseProxy({ name, value }: Variable): Proxy {
  const text = value.includes("://") ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
    // The value may hold a password, so no more than its scheme is shown.
    const scheme = /^[a-z0-9+.-]+:\/\//i.exec(text)?.[0] ?? "";
    throw new VaekitError(
      "HUB",
      `${name}: expected the address of an http or https proxy, such as http://proxy:3128, found ${scheme}…. ` +
        "Set it to such a proxy, or name the hub's host in NO_PROXY.",
    );
  }
  return { url, variable: name, address: url.origin };
}

/** By scheme, "no" included. Small letters win, and an empty variable in small letters removes the other. */
function readVariables(variables: Variables): Map<string, Variable> {
  const found = new Map<string, Variable>();
  const names = Object.keys(variables).filter((name) => /^(https?|all|no)_proxy$/i.test(name));
  for (const name of names) put(name);
  // Behind a web server HTTP_PROXY may be a visitor's "Proxy:" header (CVE-2016-1000110).
  if (variables.REQUEST_METHOD !== undefined) found.delete("http");
  for (const name of names.filter((each) => each.endsWith("_proxy"))) put(name, true);
  return found;

  function put(name: string, isFinal = false): void {
    const value = variables[name] ?? "";
    const scheme = name.slice(0, -"_proxy".length).toLowerCase();
    if (value !== "") found.set(scheme, { name, value });
    else if (isFinal) found.delete(scheme);
  }
}

function routesOf(variables: Variables): Route[] {
  const found = readVariables(variables);
  const patterns = new Map<string, Variable | undefined>();
  for (const scheme of ["http", "https", "all"]) {
    const variable = found.get(scheme);
    if (variable !== undefined) patterns.set(`${scheme}://`, variable);
  }
  for (const entry of (found.get("no")?.value ?? "").split(",").map(strip)) {
    if (entry === "*") return [];
    const pattern = exceptionPattern(entry);
    if (pattern !== undefined) patterns.set(pattern, undefined);
  }
  const routes = [...patterns].map(([pattern, variable]) => parsePattern(pattern, variable));
  return routes.filter((route) => route !== undefined).sort((a, b) => compareRanks(a.rank, b.rank));
}

/** One entry of NO_PROXY as a pattern: `.a.b` means what ends so, `a.b` that host too. */
function exceptionPattern(entry: string): string | undefined {
  if (entry === "") return undefined;
  if (entry.includes("://")) return entry;
  const [address = "", prefix] = entry.split("/");
  if (isIPv6(address)) return `all://[${address}]${prefix === undefined ? "" : `/${prefix}`}`;
  const isLiteral = isIPv4(address) || entry.toLowerCase() === "localhost" || entry.startsWith("[");
  if (isLiteral) return `all://${entry}`;
  if (entry.includes("/")) return undefined;
  return entry.startsWith("*.") ? `all://${entry}` : `all://*${entry}`;
}

/** Undefined for what cannot be parsed, which is ignored, as curl does. */
function parsePattern(pattern: string, variable: Variable | undefined): Route | undefined {
  const match = /^([a-z]+):\/\/(?:\[([^\]]*)\]|([^:/[\]]*))(?::(\d+))?(?:\/(.*))?$/i.exec(pattern);
  if (match === null) return undefined;
  const scheme = (match[1] ?? "").toLowerCase();
  const host = (match[2] ?? match[3] ?? "").toLowerCase();
  const isDefaultPort = { http: "80", https: "443" }[scheme] === match[4];
  const port = isDefaultPort ? "" : (match[4] ?? "");
  const matcher = isIP(host) !== 0 && match[5] !== undefined ? networkOf(host, match[5]) : hostMatcher(host);
  if (matcher === undefined) return undefined;
  const schemeName = scheme === "all" ? "" : scheme;
  const rank = [port === "" ? 1 : 0, ...matcher.rank, -schemeName.length];
  return { scheme: schemeName, port, rank, matchesHost: matcher.matchesHost, variable };
}

type HostMatcher = Pick<Route, "rank" | "matchesHost">;

function hostMatcher(host: string): HostMatcher {
  if (host === "" || host === "*") return { rank: [2, 0, 0], matchesHost: () => true };
  const rank = [0, 0, -host.length];
  if (host.startsWith("*.")) return { rank, matchesHost: (other) => other.endsWith(host.slice(1)) };
  if (!host.startsWith("*")) return { rank, matchesHost: (other) => other === host };
  const domain = host.slice(1);
  return { rank, matchesHost: (other) => other === domain || other.endsWith(`.${domain}`) };
}

function networkOf(address: string, prefix: string): HostMatcher | undefined {
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  const bits = family === "ipv4" ? 32 : 128;
  if (!/^\d+$/.test(prefix) || Number(prefix) > bits) return undefined;
  const network = new BlockList();
  network.addSubnet(address, Number(prefix), family);
  const matchesHost = (host: string): boolean =>
    isIP(host) === (family === "ipv4" ? 4 : 6) && network.check(host, family);
  return { rank: [1, bits - Number(prefix), 0], matchesHost };
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((value, i) => value !== b[i]);
  return place < 0 ? 0 : (a[place] ?? 0) - (b[place] ?? 0);
}
