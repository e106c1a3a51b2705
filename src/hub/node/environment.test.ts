import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";

import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";

import { readSettings } from "./options.ts";
import { proxyFor } from "./proxy.ts";
import type { Variables } from "./python-text.ts";

interface Table {
  readonly settings: readonly SettingsCase[];
  readonly proxies: readonly {
    readonly name: string;
    readonly variables: Variables;
    readonly expected: Readonly<Record<string, string | null>>;
  }[];
}

interface SettingsCase {
  readonly name: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly expected: {
    readonly token: string | null;
    readonly isOffline: boolean;
    readonly cacheDir: string;
    readonly endpoint: string;
    readonly headTimeoutSeconds: number;
    readonly idleTimeoutSeconds: number;
  };
}

/** What Python does, written by tools/reference/hub_environment.py. */
const tablePath = new URL("../../../test/fixtures/hub-environment.json", import.meta.url);
const table = JSON.parse(await readFile(tablePath, "utf8")) as Table;

let home: string;
const homes: string[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "vaekit-home-"));
  homes.push(home);
});
afterEach(() => rm(home, { recursive: true, force: true }));
afterAll(() => {
  expect(table.settings.length).toBeGreaterThan(80);
  expect(table.proxies.length).toBeGreaterThan(50);
});

const inHome = (text: string): string => text.replaceAll("{HOME}", home);

async function put(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), content);
  }
}

function inThisHome(variables: Readonly<Record<string, string>>): Variables {
  const replaced = Object.entries(variables).map(([name, value]) => [name, inHome(value)]);
  return { HOME: home, ...Object.fromEntries(replaced) } as Variables;
}

describe.skipIf(process.platform === "win32")("the environment is read as huggingface_hub reads it", () => {
  test.each(table.settings)("$name", async ({ variables, files, expected }) => {
    await put(files);
    const settings = await readSettings("org/model", {}, inThisHome(variables));
    expect({
      token: settings.token ?? null,
      isOffline: settings.localFilesOnly,
      cacheDir: settings.cacheDir,
      endpoint: settings.endpoint,
    }).toEqual({
      token: expected.token,
      isOffline: expected.isOffline,
      cacheDir: inHome(expected.cacheDir),
      endpoint: expected.endpoint,
    });
    // Python waits 10 s for both; without a word from the user we wait longer.
    const own = (seconds: number, defaultMs: number): number => (seconds === 10 ? defaultMs : seconds * 1000);
    expect(settings.timeoutMs).toBe(own(expected.headTimeoutSeconds, 15_000));
    expect(settings.idleTimeoutMs).toBe(own(expected.idleTimeoutSeconds, 30_000));
  });

  test("a user's name after the tilde is that user's home", async () => {
    const { username, homedir } = userInfo();
    const settings = await readSettings("org/model", {}, inThisHome({ HF_HOME: `~${username}/x` }));
    expect(settings.cacheDir).toBe(join(homedir, "x", "hub"));
  });
});

describe("proxies are found as httpx finds them", () => {
  test.each(table.proxies)("$name", ({ variables, expected }) => {
    const found = Object.keys(expected).map((url): [string, string | null] => {
      const proxy = proxyFor(new URL(url), variables);
      return [url, proxy === undefined ? null : withPort(proxy.url)];
    });
    expect(Object.fromEntries(found)).toEqual(expected);
  });

  test("what is no http proxy is named by its variable, without what may be its password", () => {
    for (const value of ["socks5://me:secret@proxy:1", "ftp://me:secret@proxy", "http://", "me:secret@:x"]) {
      expect(() => proxyFor(new URL("https://a.b"), { HTTPS_PROXY: value })).toThrow(
        /^HTTPS_PROXY: expected the address of an http or https proxy(?!.*secret)/,
      );
      expect(proxyFor(new URL("https://a.b"), { HTTPS_PROXY: value, NO_PROXY: "a.b" })).toBeUndefined();
    }
  });
});

const withPort = ({ protocol, hostname, port }: URL): string => `${protocol}//${hostname}:${port || "80"}`;

describe("beyond Python's rules", () => {
  test("an empty variable counts as unset", async () => {
    const names = [
      "HF_HOME",
      "HF_HUB_CACHE",
      "HUGGINGFACE_HUB_CACHE",
      "XDG_CACHE_HOME",
      "HF_TOKEN_PATH",
      "HF_ENDPOINT",
    ];
    const empty = Object.fromEntries(names.map((name) => [name, ""]));
    const settings = await readSettings("org/model", {}, { HOME: home, ...empty });
    expect(settings.cacheDir).toBe(join(home, ".cache/huggingface/hub"));
    expect(settings.endpoint).toBe("https://huggingface.co");
  });

  test("options win, except over a variable that switches the network off", async () => {
    const variables = {
      HOME: home,
      HF_TOKEN: "hf_a",
      HF_HUB_CACHE: "/a",
      HF_ENDPOINT: "http://a",
      HF_HUB_OFFLINE: "1",
    };
    const options = {
      token: " hf_b\n",
      cacheDir: "/b",
      endpoint: "http://b",
      timeoutMs: 5,
      localFilesOnly: false,
    };
    const settings = await readSettings("org/model", options, variables);
    expect(settings).toMatchObject({ token: "hf_b", cacheDir: "/b", endpoint: "http://b", timeoutMs: 5 });
    expect(settings.localFilesOnly).toBe(true);
    expect(await readSettings("org/model", { token: false }, variables)).toHaveProperty("token", undefined);
    expect(await readSettings("org/model", { token: " " }, variables)).toHaveProperty("token", undefined);
  });

  test("a token that no header can carry is refused without being shown", async () => {
    for (const token of ["hf_sécret", "hf_secret\0", "hf_se\u200bcret"]) {
      const error: unknown = await readSettings("org/model", {}, { HOME: home, HF_TOKEN: token }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: "HUB" });
      expect(String(error)).toMatch(/^VaekitError: Token: expected(?!.*cret)/);
    }
  });

  test("a token file that cannot be read is told of, and none is sent", async () => {
    await mkdir(join(home, "token"));
    const warnings: string[] = [];
    const onWarning = (message: string): number => warnings.push(message);
    const settings = await readSettings("org/model", { onWarning }, { HOME: home, HF_HOME: home });
    expect(settings.token).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining(`${join(home, "token")}: the token cannot be read`)]);
  });

  test.skipIf(process.platform === "win32")(
    "a pipe in the token file's place is not waited for",
    async () => {
      execFileSync("mkfifo", [join(home, "pipe")]);
      const warnings: string[] = [];
      const onWarning = (message: string): number => warnings.push(message);
      const variables = { HOME: home, HF_TOKEN_PATH: join(home, "pipe") };
      expect((await readSettings("org/model", { onWarning }, variables)).token).toBeUndefined();
      expect(warnings).toEqual([
        expect.stringMatching(/pipe: the token cannot be read: expected a token, found a device or a pipe\./),
      ]);
    },
  );

  test("timeouts that are no seconds are refused, and long ones do not end at once", async () => {
    for (const HF_HUB_ETAG_TIMEOUT of ["soon", "1.5", "-1", "1__0"]) {
      await expect(readSettings("org/model", {}, { HF_HUB_ETAG_TIMEOUT })).rejects.toThrow(
        /HF_HUB_ETAG_TIMEOUT: expected whole seconds/,
      );
    }
    const patient = await readSettings(
      "org/model",
      { timeoutMs: Infinity },
      { HF_HUB_DOWNLOAD_TIMEOUT: "99999999" },
    );
    expect([patient.timeoutMs, patient.idleTimeoutMs]).toEqual([2 ** 31 - 1, 2 ** 31 - 1]);
    for (const timeoutMs of [0, -1, NaN]) {
      await expect(readSettings("org/model", { timeoutMs })).rejects.toThrow(
        /timeoutMs: expected a positive/,
      );
    }
  });
});
