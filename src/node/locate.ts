/** From what a caller names to a model's files on this disk. */
import { VaekitError } from "../errors.ts";
import type { ModelPlace } from "../hub/model-place.ts";
import { withoutFolder } from "../hub/node/model-place.ts";
import type { FromPretrainedOptions } from "./opening-options.ts";
import { warner } from "./warner.ts";

/** The folder of a model and where in it the model is: as given, or exactly where the hub's files lie. */
export interface ModelFolder {
  readonly folder: string;
  readonly subfolder?: string | undefined;
}

/**
 * @param place where the model is: what its name means.
 * @param subject the call, for messages.
 * @throws INVALID_ARGUMENT for a revision of a folder; HUB, NOT_FOUND and others as the hub does.
 */
export async function locateFolder(
  name: string,
  place: Exclude<ModelPlace, "file">,
  options: FromPretrainedOptions,
  subject: string,
): Promise<ModelFolder> {
  if (place === "folder") {
    if (options.revision === undefined) return { folder: name, subfolder: options.subfolder };
    const message = `${subject}: revision: ${name} is a folder, which has none. Leave it out.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  try {
    const { resolveFromHub } = await import("../hub/node/index.ts");
    const { folder } = await resolveFromHub(name, { ...options, onWarning: warner(options) });
    return { folder, subfolder: "" };
  } catch (error) {
    throw withoutFolder(name, error);
  }
}
