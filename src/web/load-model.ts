/** Reads models in the browser: which class they are of, their config, and their weights as Blobs. */
import type { GivenSources, VaeModel } from "../models/index.ts";
import type { ByteSource } from "../tensor/byte-source.ts";
import { checkClass } from "../vae/opened.ts";
import { checkToken } from "../hub/token.ts";
import { classOf, modelOfFolder, modelOfSingleFile, type ReadModel } from "../vae/read-model.ts";
import { loadFolderFiles, readJsonSource } from "../weights/index.ts";
import { blobSource } from "./blob-source.ts";
import type { BuiltInModel } from "./built-in-model.ts";
import { FileFetcher } from "./file-fetcher.ts";
import { fileAtUrl, folderAtUrl, openUrl } from "./files-at-url.ts";
import type { FoundFile, FoundFolder, FoundModel } from "./found-model.ts";
import type { HubOptions } from "./hub-files.ts";
import { browserCache, KeptFiles } from "./kept-files.ts";
import type { WebPlace } from "./model-source.ts";
import { absoluteUrl } from "./model-url.ts";
import type { OpenVaeOptions } from "./opening-options.ts";

/** What is known of a model before its files are read. */
export interface Expectations {
  /** The name of the only class that will do, where there is one. */
  readonly expected?: string | undefined;
  /** The class of the other half, which a file that names none is taken for. */
  readonly like?: VaeModel | undefined;
  /** Told the class's name where it is known before weights are there, so that its code is loaded beside them. */
  readonly onClass?: ((className: string) => void) | undefined;
}

/** Reads the models of one call: what fails of the browser's cache is said once. */
export class ModelReader {
  readonly #subject: string;
  readonly #options: OpenVaeOptions;
  readonly #kept: KeptFiles | undefined;

  /** @param subject the call, for messages. */
  constructor(subject: string, options: OpenVaeOptions) {
    this.#subject = subject;
    this.#options = options;
    this.#kept = keptFiles(options);
  }

  /** @throws NOT_FOUND, IO, HUB, ABORTED, INVALID_CONFIG, INVALID_FILE, UNSUPPORTED */
  async read(place: WebPlace, expectations: Expectations = {}): Promise<ReadModel> {
    const found = await this.#find(place);
    return "files" in found ? this.#ofFolder(found, expectations) : this.#ofFile(found, expectations);
  }

  /** A model inside the package. @throws NOT_FOUND, INVALID_FILE, IO, ABORTED */
  async readBuiltIn(model: BuiltInModel, expectations: Expectations = {}): Promise<ReadModel> {
    const { builtInFolder } = await import("./built-in-model.ts");
    return this.#ofFolder(builtInFolder(model, this.#fetcher()), expectations);
  }

  async #find(place: WebPlace): Promise<FoundModel> {
    const { subfolder } = this.#options;
    if (place.place === "hub") {
      const { folderOnHub } = await import("./hub-files.ts");
      return folderOnHub(place.id, hubOptions(this.#options), this.#fetcher(place));
    }
    if ("blob" in place) return fileOf(place.blob);
    if ("files" in place) {
      const { modelInFiles } = await import("./chosen-files.ts");
      return modelInFiles(this.#subject, place.files, subfolder);
    }
    const fetcher = this.#fetcher(place);
    return place.place === "file" ? fileAtUrl(place, fetcher) : folderAtUrl(place, subfolder, fetcher);
  }

  async #ofFolder(
    { name, files, warnings }: FoundFolder,
    { expected, onClass }: Expectations,
  ): Promise<ReadModel> {
    const accept = (model: VaeModel, configPath: string): void => {
      if (expected !== undefined) checkClass(model, expected, configPath);
      onClass?.(model.className);
    };
    const read = await modelOfFolder(
      name,
      await loadFolderFiles(files, { variant: this.#options.variant, accept }),
    );
    return { ...read, warnings: [...warnings, ...read.warnings] };
  }

  async #ofFile(found: FoundFile, { expected, like }: Expectations): Promise<ReadModel> {
    const sources = await this.#sourcesOf(found);
    const { loadFileSource } = await import("../weights/load-file.ts");
    const file = await loadFileSource(found.source, (await classOf(sources)) ?? like);
    return modelOfSingleFile(found.name, file, { sources, expected });
  }

  async #sourcesOf(found: FoundFile): Promise<GivenSources> {
    const { as, config } = this.#options;
    if (config === undefined) {
      return found.config === undefined ? { as } : { as, config: await configIn(found.config) };
    }
    if (config instanceof Blob) return { as, config: await configIn(blobSource(config, nameOf(config))) };
    if (typeof config === "string" || config instanceof URL) {
      const url = absoluteUrl(config, `${this.#subject}: config`);
      return { as, config: await configIn(await openUrl(url.href, this.#fetcher())) };
    }
    return { as, config: { json: config, subject: "config", isFile: false } };
  }

  /** The hub's token goes to the hub alone. */
  #fetcher(place?: WebPlace): FileFetcher {
    const { signal, headers, onProgress, onWarning = () => undefined, token } = this.#options;
    const sent = place?.place === "hub" && token !== undefined && token !== false ? tokenHeader(token) : {};
    return new FileFetcher({
      signal,
      headers: { ...headers, ...sent },
      onProgress,
      onWarning,
      kept: this.#kept,
    });
  }
}

function tokenHeader(text: string): Record<string, string> {
  const token = checkToken(text.replace(/[\r\n]/g, "").trim(), "Copy it again into the option `token`.");
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}

type GivenConfig = NonNullable<GivenSources["config"]>;

async function configIn(source: ByteSource): Promise<GivenConfig> {
  return { json: await readJsonSource(source), subject: source.name, isFile: true };
}

const nameOf = (blob: Blob): string => (blob instanceof File ? blob.name : "a Blob");

function fileOf(blob: Blob): FoundFile {
  const name = nameOf(blob);
  return { name, source: blobSource(blob, name) };
}

function hubOptions({ subfolder, revision, endpoint, token }: OpenVaeOptions): HubOptions {
  return { subfolder, revision, endpoint, token: token === false ? undefined : token };
}

function keptFiles({ cache = true, onWarning = () => undefined }: OpenVaeOptions): KeptFiles | undefined {
  const open = typeof cache === "object" ? () => Promise.resolve(cache) : browserCache();
  return cache === false || open === undefined ? undefined : new KeptFiles(open, onWarning);
}
