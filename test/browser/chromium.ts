/** Where a real Chromium is: VAEKIT_CHROMIUM, or where Debian's packages put it. */
import { existsSync } from "node:fs";

// Not /usr/bin/chromium: that is a script which complains of what it does not find, in a container.
const usual = ["/usr/bin/chromium-headless-shell", "/usr/lib/chromium/chromium"];

/** Undefined where there is none. @throws where VAEKIT_CHROMIUM names a file that is not there */
export function findChromium(): string | undefined {
  const given = process.env.VAEKIT_CHROMIUM;
  if (given === undefined || given === "") return usual.find((path) => existsSync(path));
  if (!existsSync(given)) throw new Error(`VAEKIT_CHROMIUM: there is no ${given}`);
  return given;
}
