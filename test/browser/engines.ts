/** The browsers that tests can run in; VAEKIT_BROWSER says which. */
import { findChromium } from "./chromium.ts";
import { launchChromium } from "./chromium-engine.ts";
import type { BrowserEngine } from "./engine.ts";
import { findFirefox, launchFirefox } from "./firefox-engine.ts";
import { findWebKit, launchWebKit } from "./webdriver-engine.ts";

interface EngineEntry {
  /** The path of an installed one. */
  readonly find: () => string | undefined;
  readonly launch: (path: string) => Promise<BrowserEngine>;
  /** What to do where there is none. */
  readonly remedy: string;
}

export const engines = {
  chromium: { find: findChromium, launch: launchChromium, remedy: "VAEKIT_CHROMIUM is the path of one" },
  firefox: { find: findFirefox, launch: launchFirefox, remedy: "VAEKIT_FIREFOX is the path of one" },
  webkit: { find: findWebKit, launch: launchWebKit, remedy: "install webkit2gtk-driver and xvfb" },
} as const satisfies Record<string, EngineEntry>;

export type EngineName = keyof typeof engines;

/** @throws for a name that there is not */
export function chosenEngine(): EngineName {
  const name = process.env.VAEKIT_BROWSER ?? "chromium";
  if (Object.hasOwn(engines, name)) return name as EngineName;
  throw new Error(`VAEKIT_BROWSER: expected one of ${Object.keys(engines).join(", ")}, found ${name}`);
}
