/** Opens an address in the visitor's browser, as a click on it would. */
import { spawn } from "node:child_process";

const commands: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["open"],
  // The empty text is the title of the window that start could open.
  win32: ["cmd", "/c", "start", ""],
};

/** @returns whether there was a program for it. */
export function openBrowser(url: string): Promise<boolean> {
  const [program = "xdg-open", ...args] = commands[process.platform] ?? [];
  return new Promise((resolve) => {
    const child = spawn(program, [...args, url], { stdio: "ignore", detached: true });
    child.once("error", () => {
      resolve(false);
    });
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}
