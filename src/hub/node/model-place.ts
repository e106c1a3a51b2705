/** What a model's name means: something on this disk, which always wins, or a model of the hub. */
import { lstat, stat } from "node:fs/promises";
import { isAbsolute } from "node:path";

import { VaekitError } from "../../errors.ts";
import { checkValue, optionKinds } from "../../util/check-options.ts";
import { readError, systemCode } from "../../files/node/index.ts";
import { isHubId } from "../hub-id.ts";
import type { ModelPlace } from "../model-place.ts";

/**
 * Finds out what `name` is; the hub is not asked. A file may be a device, too.
 * @throws {VaekitError} `NOT_FOUND` if nothing of that name is here and it cannot be an id, or if a link of that name
 * leads nowhere; `INVALID_ARGUMENT` for what is no text; `IO` if it may not be looked at
 */
export async function placeOf(name: string): Promise<ModelPlace> {
  checkValue("modelPlaceOf", name, { ...optionKinds.text, expected: "a folder, a file or a hub id" });
  try {
    return (await stat(name)).isDirectory() ? "folder" : "file";
  } catch (error) {
    const isAbsent = ["ENOENT", "ENOTDIR", "ERR_INVALID_ARG_VALUE"].includes(systemCode(error) ?? "");
    // A name that is too long for this disk may be many things, but no path.
    if (!isAbsent && systemCode(error) !== "ENAMETOOLONG") throw readError(name, error);
  }
  if (await isLink(name))
    throw new VaekitError("NOT_FOUND", `${name}: no such model: it is a link that leads nowhere.`);
  if (isHubId(name)) return "hub";
  throw new VaekitError(
    "NOT_FOUND",
    `${name}: no such model: ${absence(name)}, and it is no hub id (ORG/NAME) either.`,
  );
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function absence(name: string): string {
  return isAbsolute(name)
    ? "there is no such folder or file"
    : `there is no folder or file of that name in ${process.cwd()}`;
}

/**
 * The error for an id that the hub did not serve, from the hub's `error`: whoever meant a folder of that name learns
 * first that there is none.
 */
export function withoutFolder(id: string, error: unknown): unknown {
  if (!(error instanceof VaekitError) || !["HUB", "NOT_FOUND"].includes(error.code)) return error;
  const rest = error.message.startsWith(`${id}: `)
    ? error.message.slice(id.length + 2)
    : `as a model of the hub, ${error.message}`;
  return new VaekitError(error.code, `${id}: ${absence(id)}; ${rest}`, { cause: error.cause });
}
