/** WebKitGTK through the driver of Debian's webkit2gtk-driver, which speaks W3C's WebDriver. Needs a display: xvfb-run. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import type { BrowserEngine, EnginePage } from "./engine.ts";
import { freePort } from "./free-port.ts";

const driver = "/usr/bin/WebKitWebDriver";
const browsers = ["4.1", "4.0", "6.0"].map(
  (version) => `/usr/lib/x86_64-linux-gnu/webkit2gtk-${version}/MiniBrowser`,
);

/** Undefined where it is not installed. */
export function findWebKit(): string | undefined {
  return existsSync(driver) ? browsers.find((path) => existsSync(path)) : undefined;
}

/** Longer than anything that a test waits for. */
const timeoutMs = 170_000;

/** Keeps what the page's console and scripts complain of, since WebDriver has no way to ask. */
const keepFaults = `globalThis.faults ??= []; const { error } = console;
console.error = (...parts) => { faults.push(parts.join(" ")); error(...parts); };
addEventListener("error", ({ message }) => faults.push(message));
addEventListener("unhandledrejection", ({ reason }) => faults.push(String(reason)));`;

export async function launchWebKit(binary: string): Promise<BrowserEngine> {
  const port = await freePort();
  const child = spawn(driver, [`--port=${port}`], { stdio: "ignore" });
  const ended = once(child, "exit");
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { value } = (await response.json()) as { value: { error?: string; message?: string } | null };
    if (!response.ok) throw new Error(`${value?.error ?? ""}: ${value?.message ?? ""}`);
    return value;
  };
  await untilItAnswers(() => ask("GET", "/status"));
  return {
    open: (url) => openPage(ask, binary, url),
    close: async () => {
      child.kill();
      await ended;
    },
  };
}

async function untilItAnswers(ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await ask();
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

type Ask = (method: string, path: string, body?: unknown) => Promise<unknown>;

/** Each session is a browser of its own, with nothing kept from others. */
async function openPage(ask: Ask, binary: string, url: string): Promise<EnginePage> {
  const options = { "webkitgtk:browserOptions": { binary, args: ["--automation"] } };
  const capabilities = { alwaysMatch: { ...options, timeouts: { script: timeoutMs, pageLoad: timeoutMs } } };
  const { sessionId } = (await ask("POST", "/session", { capabilities })) as { sessionId: string };
  const inSession = (method: string, path: string, body?: unknown): Promise<unknown> =>
    ask(method, `/session/${sessionId}${path}`, body);
  const evaluate = async (expression: string): Promise<string> => {
    const script = `const done = arguments[0]; (${expression}).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const told = await inSession("POST", "/execute/async", { script, args: [] });
    const { value, error } = told as { value?: string; error?: string };
    if (error !== undefined) throw new Error(error);
    return value!;
  };
  await inSession("POST", "/url", { url });
  await evaluate(`(async () => { ${keepFaults} return ""; })()`);
  return {
    evaluate,
    takeFaults: async () =>
      JSON.parse(await evaluate("(async () => JSON.stringify(faults.splice(0)))()")) as string[],
    close: async () => {
      await inSession("DELETE", "");
    },
  };
}
