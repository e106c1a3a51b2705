/** The config.json of a fully connected VAE, as `vaekit train` writes it. */
import { VaekitError } from "../../errors.ts";
import { iwaeMlpVae, pytorchExamplesMlpVae, type MlpVaeConfig } from "./graph.ts";
import { formatPixelLikelihood, parsePixelLikelihood } from "../pixel-likelihood-json.ts";
import { quote } from "../../util/printable.ts";

/** What `_class_name` says in such a file. */
export const mlpVaeClassName = "MlpVae";

/**
 * The layers' names: pytorch/examples' for one hidden layer, numbered ones for more.
 *
 * @param hiddenCount how many hidden layers each half has.
 */
export function mlpVaeNames(hiddenCount: number): MlpVaeConfig["names"] {
  if (hiddenCount === 1) return pytorchExamplesMlpVae.names;
  const numbered = (part: string): string[] =>
    Array.from({ length: hiddenCount }, (_, index) => `${part}.${index}`);
  return { ...iwaeMlpVae.names, encoder: numbered("encoder"), decoder: numbered("decoder") };
}

/** Whether a parsed config.json says that it is one of these. */
export function isMlpVaeConfig(json: unknown): boolean {
  return (
    typeof json === "object" && json !== null && "_class_name" in json && json._class_name === mlpVaeClassName
  );
}

/** The keys of its config.json. */
export const mlpVaeKeys = [
  "input_size",
  "hidden_sizes",
  "latent_size",
  "activation",
  "sigma",
  "initialization",
];

/** What config.json calls the spreads and the initialisations. */
const spreads = { logvar: "logvar", log_std: "logstd" } as const;
const initializations = { pytorch: "torch", glorot: "glorot" } as const;

/**
 * Reads the content of a config.json.
 *
 * @param json the parsed JSON.
 * @param subject what to call it in messages: its path.
 * @throws INVALID_CONFIG when it is another model's config, or a value is wrong or missing.
 */
export function parseMlpVaeConfig(json: unknown, subject: string): MlpVaeConfig {
  if (!isMlpVaeConfig(json)) {
    const message = `${subject}: expected the config of an ${mlpVaeClassName} (_class_name), found another one.`;
    throw new VaekitError("INVALID_CONFIG", message);
  }
  const values = json as Record<string, unknown>;
  const hiddenSizes = values.hidden_sizes;
  if (!Array.isArray(hiddenSizes) || hiddenSizes.length === 0) {
    throw wrong(subject, "hidden_sizes", "a list of layer sizes", hiddenSizes);
  }
  return {
    inputSize: sizeAt(values, "input_size", subject),
    hiddenSizes: hiddenSizes.map((_, index) => sizeAt(hiddenSizes, index, `${subject}: hidden_sizes`)),
    latentSize: sizeAt(values, "latent_size", subject),
    activation: choice(values, "activation", ["relu", "tanh"], subject),
    spread: spreads[choice(values, "sigma", namesOf(spreads), subject)],
    initialization: initializations[choice(values, "initialization", namesOf(initializations), subject)],
    ...pixelsOf(values.pixels, subject),
    names: mlpVaeNames(hiddenSizes.length),
  };
}

/** Files without the key are of Bernoulli pixels. */
function pixelsOf(pixels: unknown, subject: string): Pick<MlpVaeConfig, "pixels"> {
  if (pixels === undefined || pixels === "bernoulli") return {};
  if (pixels === "values") return { pixels };
  if (typeof pixels !== "object") {
    throw wrong(subject, "pixels", '"bernoulli", "values" or the keys of a likelihood', pixels);
  }
  return { pixels: parsePixelLikelihood(pixels, `${subject}: pixels`) };
}

const namesOf = <T extends object>(table: T): (keyof T)[] => Object.keys(table) as (keyof T)[];

/** config.json's text. The names of the layers are not in it: they follow from how many there are. */
export function formatMlpVaeConfig(config: MlpVaeConfig): string {
  const file = {
    _class_name: mlpVaeClassName,
    input_size: config.inputSize,
    hidden_sizes: config.hiddenSizes,
    latent_size: config.latentSize,
    activation: config.activation,
    sigma: config.spread === "logvar" ? "logvar" : "log_std",
    initialization: config.initialization === "torch" ? "pytorch" : "glorot",
    ...formatPixels(config),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

function formatPixels({ pixels = "bernoulli" }: MlpVaeConfig): { readonly pixels?: unknown } {
  if (pixels === "bernoulli") return {};
  return { pixels: pixels === "values" ? pixels : formatPixelLikelihood(pixels) };
}

function sizeAt(values: object, key: string | number, subject: string): number {
  const value = (values as Record<string | number, unknown>)[key];
  if (Number.isSafeInteger(value) && Number(value) > 0) return Number(value);
  throw wrong(subject, key, "a positive whole number", value);
}

function choice<T extends string>(
  values: Record<string, unknown>,
  key: string,
  names: readonly T[],
  subject: string,
): T {
  const found = names.find((name) => name === values[key]);
  if (found !== undefined) return found;
  throw wrong(subject, key, names.map((name) => `"${name}"`).join(" or "), values[key]);
}

function wrong(subject: string, key: string | number, expected: string, found: unknown): VaekitError {
  const shown = quote(found);
  return new VaekitError("INVALID_CONFIG", `${subject}: ${key}: expected ${expected}, found ${shown}.`);
}
