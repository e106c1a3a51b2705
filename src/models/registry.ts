/**
 * The classes of autoencoders that vaekit reads, by the `_class_name` of their config.json. A class of vaekit's own is an entry of
 * `ownClasses`, whose code is loaded when it is first asked for, so that a page loads only the classes that it opens; a program adds
 * its own with registerModel.
 */
import { VaekitError } from "../errors.ts";
import { describeValue, isRecord } from "../util/describe-value.ts";
import { joinNames } from "../util/nearest-name.ts";
import { classNameOf } from "./class-name.ts";
import { describeFound } from "./config-checks.ts";
import type { ParsedConfig, VaeModel } from "./model.ts";

/** A class by its names, the first of which is its own. */
interface KnownClass {
  readonly names: readonly string[];
  load(): Promise<VaeModel>;
}

/** What a config.json without `_class_name` is: diffusers wrote no other class without one. */
export const defaultClassName = "AutoencoderKL";

const ownClasses: readonly KnownClass[] = [
  {
    names: ["AutoencoderDC"],
    load: async () => (await import("./autoencoder-dc/model.ts")).autoencoderDC,
  },
  {
    names: [defaultClassName, "FlaxAutoencoderKL"],
    load: async () => (await import("./autoencoder-kl/model.ts")).autoencoderKL,
  },
  {
    names: ["AutoencoderKLFlux2"],
    load: async () => (await import("./autoencoder-kl-flux2/model.ts")).autoencoderKLFlux2,
  },
  {
    names: ["AutoencoderKLHunyuanImage"],
    load: async () => (await import("./autoencoder-kl-hunyuan-image/model.ts")).autoencoderKLHunyuanImage,
  },
  // Wan 2.1's files are Qwen-Image's, too; its own class is for those who name it.
  {
    names: ["AutoencoderKLQwenImage"],
    load: async () => (await import("./autoencoder-kl-wan/qwen-image.ts")).autoencoderKLQwenImage,
  },
  {
    names: ["AutoencoderKLQwenImage21"],
    load: async () => (await import("./autoencoder-kl-wan/qwen-image-21.ts")).autoencoderKLQwenImage21,
  },
  {
    names: ["AutoencoderKLWan"],
    load: async () => (await import("./autoencoder-kl-wan/wan.ts")).autoencoderKLWan,
  },
  {
    names: ["AutoencoderTiny"],
    load: async () => (await import("./autoencoder-tiny/model.ts")).autoencoderTiny,
  },
  { names: ["VQModel"], load: async () => (await import("./vq-model/model.ts")).vqModel },
  { names: ["MlpVae"], load: async () => (await import("./mlp-vae/model.ts")).mlpVae },
];

const registeredClasses: KnownClass[] = [];

export const isKnownName = (name: string): boolean => findClass(name) !== undefined;

const findClass = (name: unknown): KnownClass | undefined =>
  [...ownClasses, ...registeredClasses].find(({ names }) => names.some((each) => each === name));

/** What registerModel adds, checked. */
export function addClass(names: readonly string[], model: VaeModel): void {
  registeredClasses.push({ names, load: () => Promise.resolve(model) });
}

/** Whether a class of that name is one of vaekit's own, which every thread knows. */
export const isOwnClass = (className: string): boolean =>
  ownClasses.some(({ names }) => names.includes(className));

/** The `_class_name` of every class that is known. */
export const knownClassNames = (): string[] =>
  [...ownClasses, ...registeredClasses].map(({ names }) => names[0]!);

/** Every class that is known, each once. */
export const knownModels = (): Promise<VaeModel[]> =>
  Promise.all([...ownClasses, ...registeredClasses].map((each) => each.load()));

/** The class of that name, if it is known. */
export async function modelNamed(className: unknown): Promise<VaeModel | undefined> {
  return await findClass(className)?.load();
}

/** Whether a parsed config.json names a class, and none that is known. */
export function isUnknownClass(json: object): boolean {
  const className = classNameOf(json);
  return className !== undefined && findClass(className) === undefined;
}

/**
 * The class of a parsed config.json.
 *
 * @param subject what to call it in messages: its path.
 * @throws INVALID_CONFIG when it is no object or names a class that is not known; UNSUPPORTED when it names an
 *   autoencoder that vaekit does not read.
 */
export async function modelOfConfig(json: unknown, subject: string): Promise<VaeModel> {
  if (!isRecord(json)) {
    const found = Array.isArray(json) ? describeFound(json) : describeValue(json);
    throw new VaekitError(
      "INVALID_CONFIG",
      `${subject}: expected an object, a model's config, found ${found}.`,
    );
  }
  const named = classNameOf(json);
  const className = named === undefined ? defaultClassName : named;
  const model = await modelNamed(className);
  if (model !== undefined) return model;
  const { refuseClass } = await import("./other-classes.ts");
  const expected = `one of the classes that vaekit reads, ${joinNames(knownClassNames())}`;
  return refuseClass(className, expected, subject);
}

/** A config.json that was read: whose it is, and the class's config. */
export interface ParsedModelConfig extends ParsedConfig<object> {
  /** The class. */
  readonly model: VaeModel;
}

/**
 * Reads the content of a config.json of any known class. One without `_class_name` is an AutoencoderKL's.
 *
 * @param json the parsed JSON.
 * @param subject what to call it in messages: its path. @default "config.json"
 * @throws INVALID_CONFIG when it is no object, names a class that is not known, or has a wrong value; UNSUPPORTED when it names an
 *   autoencoder that vaekit does not read.
 */
export async function parseModelConfig(json: unknown, subject = "config.json"): Promise<ParsedModelConfig> {
  const model = await modelOfConfig(json, subject);
  return { model, ...model.config.parse(json, subject) };
}

/** Every class in the order in which they are asked for tensors: the most usual one takes what no other recognises. */
export async function modelsToAsk(): Promise<VaeModel[]> {
  const isDefault = ({ className }: VaeModel): boolean => className === defaultClassName;
  const models = await knownModels();
  return [...models.filter((model) => !isDefault(model)), ...models.filter(isDefault)];
}
