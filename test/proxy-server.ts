/** A real HTTP proxy: whole addresses for http, CONNECT for https. */
import { createServer, request as send } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";

/** The running proxy. */
export interface ProxyServer {
  /** host:port. */
  readonly address: string;
  /** "METHOD target" of every request, as it came. */
  readonly requests: string[];
  /** The Proxy-Authorization that must come along. */
  authorization?: string;
  /** Refuse everything with this status. */
  status?: number;
  close(): Promise<void>;
}

/** Starts a proxy. `hosts` says where names lead that no name server knows. */
export async function startProxyServer(hosts: Readonly<Record<string, string>> = {}): Promise<ProxyServer> {
  const proxy = { requests: [] as string[] } as ProxyServer & { requests: string[] };
  const open = new Set<Duplex>();
  const server = createServer((request, response) => {
    forward(request, response);
  });
  server.on("connect", tunnel);
  server.on("connection", (socket) => open.add(socket));

  function refusalOf(request: IncomingMessage): number | undefined {
    proxy.requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
    const isAllowed =
      proxy.authorization === undefined || request.headers["proxy-authorization"] === proxy.authorization;
    return isAllowed ? proxy.status : 407;
  }

  function forward(request: IncomingMessage, response: ServerResponse): void {
    const status = URL.canParse(request.url ?? "") ? refusalOf(request) : 400;
    if (status !== undefined) {
      response.writeHead(status).end();
      return;
    }
    const { hostname, port, pathname, search } = new URL(request.url ?? "");
    const address = {
      host: hosts[hostname] ?? hostname,
      port,
      path: pathname + search,
      headers: request.headers,
    };
    send(address, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    })
      .on("error", () => response.writeHead(502).end())
      .end();
  }

  function tunnel(request: IncomingMessage, client: Duplex): void {
    client.on("error", () => undefined);
    const status = refusalOf(request);
    if (status !== undefined) {
      client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      return;
    }
    const [host = "", port = ""] = (request.url ?? "").split(":");
    const upstream: Socket = connect(Number(port), hosts[host] ?? host, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    open.add(upstream);
    upstream.on("error", () => client.destroy());
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(proxy, {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  });
}
