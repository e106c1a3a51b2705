/**
 * Tests in a real browser:
 *
 *     describeInBrowser("a page", (browser) => {
 *       test("opens the built-in model", async () => {
 *         await using page = await browser.openPage();
 *         const count = await page.inPage(async ({ vaekit }, url) => (await vaekit.openVae(url)).parameterCount, "/model/");
 *         expect(count).toBe(1674963);
 *       });
 *     });
 *
 * Served are the page at /, the built-in model at /model/ and test/fixtures at /fixtures/.
 */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, type TestOptions } from "vitest";
import { launchChromium } from "./chromium-engine.ts";
import type { Accidents, BrowserEngine, EnginePage } from "./engine.ts";
import { engines } from "./engines.ts";
import type { PageError, PageScope } from "./page.ts";
import { startStaticServer, type StaticServer } from "./static-server.ts";
import { decodeWire, encodeWire } from "./wire.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** An error that was thrown in the page. */
export class ErrorInPage extends Error {
  override readonly name: string;
  /** Of a VaekitError. */
  readonly code: string | undefined;

  constructor({ name, code, message }: PageError) {
    super(message);
    this.name = name;
    this.code = code;
  }
}

export interface PageSettings {
  /** Whether the page is isolated and may so have threads. @default false */
  readonly isIsolated?: boolean;
}

/** A browser, and the servers that its pages are from. */
export class BrowserUnderTest {
  #engine: BrowserEngine | undefined;
  readonly #servers = new Map<boolean, StaticServer>();
  readonly #chromiumSwitches: readonly string[] | undefined;

  constructor(chromiumSwitches?: readonly string[]) {
    this.#chromiumSwitches = chromiumSwitches;
  }

  async start(): Promise<void> {
    const { folder, engine, path } = inject("page")!;
    const switches = this.#chromiumSwitches;
    this.#engine = await (switches === undefined
      ? engines[engine].launch(path)
      : launchChromium(path, switches));
    const folders = {
      "/": folder,
      "/model/": `${root}/assets/default-vae`,
      "/fixtures/": `${root}/test/fixtures`,
      "/assets/": `${root}/assets`,
    };
    for (const isIsolated of [false, true])
      this.#servers.set(isIsolated, await startStaticServer({ folders, isIsolated }));
  }

  async stop(): Promise<void> {
    await this.#engine?.close();
    for (const server of this.#servers.values()) await server.close();
  }

  /** The server of a page; the other one is another origin. */
  server({ isIsolated = false }: PageSettings = {}): StaticServer {
    return this.#servers.get(isIsolated)!;
  }

  async openPage(settings: PageSettings = {}): Promise<TestPage> {
    const { origin } = this.server(settings);
    const page = await this.#engine!.open(`${origin}/`);
    // Not every driver waits for a page's modules.
    await page.evaluate(
      "(async () => { while (!globalThis.callInPage) await new Promise((go) => setTimeout(go, 20)); return ''; })()",
    );
    return new TestPage(page);
  }
}

/** In the words of Chromium's console and of Firefox's. */
const isOfNetwork = /Failed to load resource|blocked by CORS policy|Cross-Origin Request Blocked/;

/** A page with vaekit in it. Closing it fails if something went wrong there that no test has asked for. */
export class TestPage {
  readonly #page: EnginePage;
  #expectsNetworkFaults = false;

  constructor(page: EnginePage) {
    this.#page = page;
  }

  /**
   * Calls a function in the page. It is sent as text, so it sees nothing of the test's file (and has no `using`, whose helper
   * the compiler puts there); what goes in and comes back is JSON and typed arrays.
   *
   * @throws ErrorInPage
   */
  async inPage<In, Out>(run: (scope: PageScope, input: In) => Out | Promise<Out>, input: In): Promise<Out>;
  async inPage<Out>(run: (scope: PageScope) => Out | Promise<Out>): Promise<Out>;
  async inPage(run: (...args: never[]) => unknown, input?: unknown): Promise<unknown> {
    const text = await this.#page.evaluate(
      `callInPage(${String(run)}, ${JSON.stringify(encodeWire(input))})`,
    );
    const { result, error } = decodeWire(text) as { result?: unknown; error?: PageError };
    if (error !== undefined) throw new ErrorInPage(error);
    return result;
  }

  /**
   * From now on, what the browser's console says of files that it did not get is what the test wants. It may say so later than the page
   * hears of it.
   */
  expectNetworkFaults(): void {
    this.#expectsNetworkFaults = true;
  }

  /** In Chromium only. */
  get accidents(): Accidents {
    return this.#page.accidents!;
  }

  /** Errors of the page itself since the last call: of scripts, of the console (files that are not there, CORS). */
  async takeFaults(): Promise<string[]> {
    const faults = await this.#page.takeFaults();
    return this.#expectsNetworkFaults ? faults.filter((fault) => !isOfNetwork.test(fault)) : faults;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const faults = await this.takeFaults();
    await this.#page.close();
    expect(faults, "what went wrong in the page").toEqual([]);
  }
}

/** Tests that need a browser; without one they are skipped (global-setup.ts says so). */
export function describeInBrowser(title: string, define: (browser: BrowserUnderTest) => void): void {
  describeIn(new BrowserUnderTest(), inject("page") !== null, title, define);
}

/** Tests that need Chromium with these switches. */
export function describeInChromium(
  title: string,
  switches: readonly string[],
  define: (browser: BrowserUnderTest) => void,
  options: TestOptions = {},
): void {
  const isThere = inject("page")?.engine === "chromium";
  describeIn(new BrowserUnderTest(switches), isThere, title, define, options);
}

function describeIn(
  browser: BrowserUnderTest,
  isThere: boolean,
  title: string,
  define: (browser: BrowserUnderTest) => void,
  options: TestOptions = {},
): void {
  describe.skipIf(!isThere)(isThere ? title : `${title}: NOT RUN, there is no such browser`, options, () => {
    beforeAll(() => browser.start());
    afterAll(() => browser.stop());
    define(browser);
  });
}
