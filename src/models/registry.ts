/**
 * The classes of autoencoders that vaekit reads, by the `_class_name` of their config.json. A class of vaekit's own is a
 * line in `ownModels`; a program adds its own with {@link registerModel}.
 */
import { VaekitError } from "../errors.ts";
import { describeValue, isRecord } from "../util/describe-value.ts";
import { joinNames } from "../util/nearest-name.ts";
import { autoencoderDC } from "./autoencoder-dc/model.ts";
import { autoencoderKL } from "./autoencoder-kl/model.ts";
import { autoencoderKLFlux2 } from "./autoencoder-kl-flux2/model.ts";
import { autoencoderKLHunyuanImage } from "./autoencoder-kl-hunyuan-image/model.ts";
import { autoencoderTiny } from "./autoencoder-tiny/model.ts";
import { autoencoderKLQwenImage21 } from "./autoencoder-kl-wan/qwen-image-21.ts";
import { autoencoderKLQwenImage } from "./autoencoder-kl-wan/qwen-image.ts";
import { autoencoderKLWan } from "./autoencoder-kl-wan/wan.ts";
import { checkModel } from "./check-model.ts";
import { describeFound } from "./config-checks.ts";
import { mlpVae } from "./mlp-vae/model.ts";
import type { ParsedConfig, TensorShapes, VaeModel } from "./model.ts";
import { classNameOf, refuseClass } from "./other-classes.ts";
import { vqModel } from "./vq-model/model.ts";

const ownModels: readonly VaeModel[] = [
  autoencoderDC,
  autoencoderKL,
  autoencoderKLFlux2,
  autoencoderKLHunyuanImage,
  // Wan 2.1's files are Qwen-Image's, too; its own class is for those who name it.
  autoencoderKLQwenImage,
  autoencoderKLQwenImage21,
  autoencoderKLWan,
  autoencoderTiny,
  vqModel,
  mlpVae,
];

/** What a config.json without `_class_name` is: diffusers wrote no other class without one. */
export const defaultModel: VaeModel = autoencoderKL;

const namesOf = ({ className, aliases = [] }: VaeModel): string[] => [className, ...aliases];

const entriesOf = (model: VaeModel): [string, VaeModel][] => namesOf(model).map((name) => [name, model]);

const byClassName = new Map(ownModels.flatMap(entriesOf));

/**
 * Makes a class of autoencoder known: from then on a config.json with its `_class_name` is read as its.
 *
 * @throws INVALID_ARGUMENT when it is no model, or a class of that name is known.
 */
export function registerModel(model: VaeModel): void {
  checkModel(model, "registerModel");
  const taken = namesOf(model).find((name) => byClassName.has(name));
  if (taken !== undefined) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `registerModel: expected a class that is not known yet, found ${describeFound(taken)}, which is. Register each class once.`,
    );
  }
  for (const [name, each] of entriesOf(model)) byClassName.set(name, each);
}

/** Whether it is one of vaekit's own classes, which every thread knows. */
export const isOwnModel = (model: VaeModel): boolean => ownModels.includes(model);

/** Every class that is known, each once. */
export function knownModels(): VaeModel[] {
  return [...new Set(byClassName.values())];
}

/** The class of that name, if it is known. */
export function modelNamed(className: unknown): VaeModel | undefined {
  return typeof className === "string" ? byClassName.get(className) : undefined;
}

/** Whether a parsed config.json names a class, and none that is known. */
export function isUnknownClass(json: object): boolean {
  const className = classNameOf(json);
  return className !== undefined && modelNamed(className) === undefined;
}

/**
 * The class of a parsed config.json.
 *
 * @param subject what to call it in messages: its path.
 * @throws INVALID_CONFIG when it is no object or names a class that is not known; UNSUPPORTED when it names an
 *   autoencoder that vaekit does not read.
 */
export function modelOfConfig(json: unknown, subject: string): VaeModel {
  if (!isRecord(json)) {
    const found = Array.isArray(json) ? describeFound(json) : describeValue(json);
    throw new VaekitError(
      "INVALID_CONFIG",
      `${subject}: expected an object, a model's config, found ${found}.`,
    );
  }
  const className = classNameOf(json);
  if (className === undefined) return defaultModel;
  return modelNamed(className) ?? refuseClass(className, expectedClasses(), subject);
}

function expectedClasses(): string {
  return `one of the classes that vaekit reads, ${joinNames(knownModels().map((model) => model.className))}`;
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
 * @param subject what to call it in messages: its path.
 * @throws INVALID_CONFIG when it is no object, names a class that is not known, or has a wrong value; UNSUPPORTED when it names an
 *   autoencoder that vaekit does not read.
 */
export function parseModelConfig(json: unknown, subject: string): ParsedModelConfig {
  const model = modelOfConfig(json, subject);
  return { model, ...model.config.parse(json, subject) };
}

/** Every class in the order in which they are asked for tensors: the most usual one takes what no other recognises. */
export function modelsToAsk(): VaeModel[] {
  return [...knownModels().filter((model) => model !== defaultModel), defaultModel];
}

/** The class whose weights these are, by their names and shapes; undefined when no known one recognises them. */
export function modelOfTensors(tensors: TensorShapes): VaeModel | undefined {
  return modelsToAsk().find(({ alone }) => alone?.recognizes(tensors) === true);
}
