/** A model on its way to a worker, and what the worker makes of it. */
import { VaekitError } from "../../errors.ts";
import { modelNamed } from "../../models/index.ts";
import { bytesInMemory, type ByteSource } from "../../tensor/byte-source.ts";
import type { StoredTensor } from "../../tensor/stored-tensor.ts";
import type { EngineParts } from "../../vae/coding-engine.ts";
import { factsOf } from "../../vae/halves.ts";
import { pixelDecoderOf } from "../../vae/find-pixel-decoder.ts";
import { blobSource, type BlobSource } from "../blob-source.ts";
import type { ModelMessage, ParameterMessage, SourceMessage } from "./protocol.ts";

type Parameters = ReadonlyMap<string, StoredTensor>;

/** @throws IO when weights cannot be read. */
export async function modelMessage({ name, model, halves, weights }: EngineParts): Promise<ModelMessage> {
  const { parameters, likelihood } = weights;
  const all = [...parameters.values(), ...(likelihood?.parameters.values() ?? [])];
  const sources = [...new Set(all.map(({ source }) => source))];
  const beside = likelihood && {
    pixels: likelihood.pixels,
    parameters: parameterMessages(likelihood.parameters, sources),
  };
  return {
    name,
    className: model.className,
    halves,
    sources: await Promise.all(sources.map(sourceMessage)),
    parameters: parameterMessages(parameters, sources),
    ...(beside === undefined ? {} : { likelihood: beside }),
  };
}

/** @throws UNSUPPORTED for a class that only the page knows. */
export async function engineParts(message: ModelMessage): Promise<EngineParts> {
  const { name, className, halves, likelihood } = message;
  const model = await modelNamed(className);
  if (model === undefined)
    throw new VaekitError("UNSUPPORTED", `${name}: no class ${className} in a worker.`);
  const sources = message.sources.map(openSource);
  const beside = likelihood && {
    pixels: likelihood.pixels,
    parameters: storedTensors(likelihood.parameters, sources),
  };
  const parameters = storedTensors(message.parameters, sources);
  const weights = { parameters, buffers: new Map(), unexpected: [], likelihood: beside };
  const pixelDecoder = pixelDecoderOf(model, halves.decoder, weights);
  return { name, model, halves, facts: factsOf(model, halves), weights, pixelDecoder };
}

function parameterMessages(parameters: Parameters, sources: readonly ByteSource[]): ParameterMessage[] {
  return [...parameters].map(([name, { dtype, shape, source, byteOffset, byteLength }]) => ({
    name,
    dtype,
    shape,
    source: sources.indexOf(source),
    byteOffset,
    byteLength,
  }));
}

function storedTensors(messages: readonly ParameterMessage[], sources: readonly ByteSource[]): Parameters {
  return new Map(
    messages.map(({ source, ...place }) => [place.name, { ...place, source: sources[source]! }]),
  );
}

async function sourceMessage(source: ByteSource): Promise<SourceMessage> {
  const { name, byteLength } = source;
  if (isBlobSource(source)) return { name, bytes: source.blob };
  const bytes = await source.read(0, byteLength);
  // What is the source's own memory stays where it is.
  return { name, bytes: new Uint8Array(bytes) };
}

const isBlobSource = (source: ByteSource): source is BlobSource => "blob" in source;

const openSource = ({ name, bytes }: SourceMessage): ByteSource =>
  bytes instanceof Blob ? blobSource(bytes, name) : bytesInMemory(bytes, name);
