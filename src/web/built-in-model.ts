/** Models inside the package, in the browser: weights are an asset beside the code, which bundlers emit; configs are code. */
import { VaekitError } from "../errors.ts";
import { bytesInMemory, type ByteSource } from "../tensor/byte-source.ts";
import { parseSafetensors } from "../weights/index.ts";
import type { FileFetcher } from "./file-fetcher.ts";
import { openUrl } from "./files-at-url.ts";
import type { FoundFolder } from "./found-model.ts";
import { absoluteUrl } from "./model-url.ts";

/** One of them. Each has a module of its own, so that a page has the weights of those that it opens. */
export interface BuiltInModel {
  /** For messages. */
  readonly name: string;
  /** Of the package's assets. */
  readonly folder: string;
  /** The content of its config.json. */
  readonly config: object;
  /** Where its weights are, in one expression of literals, by which bundlers know the file. */
  readonly weightsUrl: () => URL;
}

const weightsName = "diffusion_pytorch_model.safetensors";

/** @throws NOT_FOUND, INVALID_FILE where a bundler left the file behind; UNSUPPORTED in a page of a file; IO, ABORTED */
export function builtInFolder(model: BuiltInModel, fetcher: FileFetcher): FoundFolder {
  const { name } = model;
  const open = (file: string): Promise<ByteSource> =>
    file === "config.json" ? Promise.resolve(configSource(model)) : openWeights(model, fetcher);
  const files = {
    name,
    names: ["config.json", weightsName],
    pathOf: (file: string) => `${name}: ${file}`,
    open,
  };
  return { name, files, warnings: [] };
}

const configSource = ({ name, config }: BuiltInModel): ByteSource =>
  bytesInMemory(new TextEncoder().encode(JSON.stringify(config)), `${name}: config.json`);

async function openWeights(model: BuiltInModel, fetcher: FileFetcher): Promise<ByteSource> {
  const { href } = absoluteUrl(model.weightsUrl(), "default");
  try {
    const source = await openUrl(href, fetcher);
    // A page in the file's place is said here, with what to do.
    await parseSafetensors(source);
    return source;
  } catch (error) {
    const isElsewhere = error instanceof VaekitError && ["NOT_FOUND", "INVALID_FILE"].includes(error.code);
    throw isElsewhere ? leftBehind(model, error) : error;
  }
}

function leftBehind({ name, folder }: BuiltInModel, error: VaekitError): VaekitError {
  const message = `${error.message} The bundler has left ${name}'s weights behind: copy vaekit/assets/${folder}/${weightsName} to that address, or copy the folder anywhere and pass its URL to fromPretrained.`;
  return new VaekitError(error.code, message, { cause: error.cause });
}
