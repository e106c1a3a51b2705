/** All temporary folders of a run of the tests lie in one, which goes with it: what is killed removes nothing. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** Where os.tmpdir() looks, on Unix and on Windows. */
const variables = ["TMPDIR", "TEMP", "TMP"] as const;
const prefix = "vaekit-tests-";

/** Before any worker starts, which takes its environment from here. @returns what runs after the last one */
export default function setup(): () => void {
  // Called once for each project of a run.
  if (basename(tmpdir()).startsWith(prefix)) return () => undefined;
  const folder = mkdtempSync(join(tmpdir(), prefix));
  for (const name of variables) process.env[name] = folder;
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  // Also where a run is interrupted.
  process.once("exit", remove);
  return remove;
}
