/** Firefox through WebDriver BiDi, which it speaks itself on a WebSocket: Debian's package firefox-esr is enough. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "undici";
import type { BrowserEngine, EnginePage } from "./engine.ts";

const usual = "/usr/bin/firefox-esr";

/** VAEKIT_FIREFOX, or Debian's; undefined where it is not installed. */
export function findFirefox(): string | undefined {
  const path = process.env.VAEKIT_FIREFOX ?? usual;
  return existsSync(path) ? path : undefined;
}

export async function launchFirefox(path: string): Promise<BrowserEngine> {
  const profile = await mkdtemp(join(tmpdir(), "vaekit-firefox-"));
  const args = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"];
  const child = spawn(path, args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit");
  const connection = await BidiConnection.open(`${await addressOf(child)}/session`);
  await connection.ask("session.new", { capabilities: {} });
  await connection.ask("session.subscribe", { events: ["log.entryAdded"] });
  return {
    open: (url) => openPage(connection, url),
    close: async () => {
      connection.close();
      child.kill();
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Where it says that it listens. */
async function addressOf({ stderr }: ChildProcess): Promise<string> {
  let said = "";
  for await (const chunk of stderr!) {
    said += String(chunk);
    const [, address] = /WebDriver BiDi listening on (ws:\S+)/.exec(said) ?? [];
    if (address === undefined) continue;
    // It goes on to write, and would wait for a reader.
    stderr!.resume();
    return address;
  }
  throw new Error(`Firefox has not started: ${said}`);
}

interface Evaluated {
  readonly type: "success" | "exception";
  readonly result?: { readonly value?: string };
  readonly exceptionDetails?: { readonly text: string };
}

async function openPage(connection: BidiConnection, url: string): Promise<EnginePage> {
  // A user context has cookies and caches of its own.
  const { userContext } = await connection.ask<{ userContext: string }>("browser.createUserContext", {});
  const { context } = await connection.ask<{ context: string }>("browsingContext.create", {
    type: "tab",
    userContext,
  });
  const faults = connection.faultsOf(context);
  await connection.ask("browsingContext.navigate", { context, url, wait: "complete" });
  return {
    evaluate: async (expression) => {
      const { type, result, exceptionDetails } = await connection.ask<Evaluated>("script.evaluate", {
        expression,
        target: { context },
        awaitPromise: true,
      });
      if (type === "exception") throw new Error(exceptionDetails?.text);
      return result!.value!;
    },
    takeFaults: () => Promise.resolve(faults.splice(0)),
    close: async () => {
      await connection.ask("browser.removeUserContext", { userContext });
    },
  };
}

/** A message from the browser: an answer, or an entry of a page's console. */
interface Message {
  readonly id?: number;
  readonly error?: string;
  readonly message?: string;
  readonly result?: unknown;
  readonly method?: string;
  readonly params?: { readonly level: string; readonly text: string; readonly source: { context?: string } };
}

class BidiConnection {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Message) => void>();
  readonly #faults = new Map<string, string[]>();
  #sent = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#receive(JSON.parse(String(data)) as Message);
    });
  }

  static async open(address: string): Promise<BidiConnection> {
    const socket = new WebSocket(address);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => {
        resolve();
      });
      socket.addEventListener("error", () => {
        reject(new Error(`${address}: no connection`));
      });
    });
    return new BidiConnection(socket);
  }

  async ask<T>(method: string, params: object): Promise<T> {
    const id = ++this.#sent;
    const answer = await new Promise<Message>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error}: ${answer.message ?? ""}`);
    return answer.result as T;
  }

  /** The list into which a page's errors go. */
  faultsOf(context: string): string[] {
    const faults: string[] = [];
    this.#faults.set(context, faults);
    return faults;
  }

  close(): void {
    this.#socket.close();
  }

  #receive({ id, params, ...rest }: Message): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.({ id, ...rest });
      this.#waiting.delete(id);
    } else if (params?.level === "error") {
      this.#faults.get(params.source.context ?? "")?.push(params.text);
    }
  }
}
