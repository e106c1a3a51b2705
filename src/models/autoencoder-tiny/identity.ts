/**
 * A start for a decoder that is to learn pictures from latents: it passes them on. Latents of wide distributions lie
 * beyond what its first layer lets through, 3 · tanh(z / 3), without loss, and a network that is drawn takes thousands
 * of steps to undo this limit. Here spare channels undo it from the start.
 */
import { VaekitError } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { AutoencoderTinyConfig } from "./config.ts";
import { latentLimit } from "./graph.ts";

type Parameters = ReadonlyMap<string, Tensor<"float32">>;

/** Where the inverse of the limit bends, as latents; between them it is taken to be straight. */
const bends = [1.5, 3, 4.2, 5.2];
/** Where the last straight piece ends. */
const end = 6.5;

const limited = (z: number): number => latentLimit * Math.tanh(z / latentLimit);

/**
 * The decoder's first convolution gives every latent u, after the limit, as u / 3 + 1, which no ReLU touches. Each
 * eight channels that are left have what is missing of one latent channel's inverse, from the first one on: pieces
 * that begin at its bends, on both sides. Blocks end in zeros and upsampling repeats, so that the last convolution gets
 * just that; it begins with grey. The encoder, and channels that are left even then, keep what they were drawn with.
 *
 * @param parameters of both halves, as they were drawn; they are left as they are.
 * @returns all parameters, in the order of `parameters`.
 * @throws INVALID_CONFIG for a decoder of fewer channels than latents, or without ReLUs.
 */
export function initializeTinyAsIdentity(
  config: AutoencoderTinyConfig,
  parameters: Parameters,
): Map<string, Tensor<"float32">> {
  checkConfig(config);
  const names = [...parameters.keys()].filter(
    (name) => name.startsWith("decoder.") && !name.includes(".pool."),
  );
  const first = "decoder.layers.0";
  const last = names.at(-1)!.replace(/\.bias$/, "");
  const changed = new Map<string, Tensor<"float32">>();
  const write = (name: string, fill: (data: Float32Array) => void): void => {
    const { data, shape } = parameters.get(name)!;
    const copy = data.slice();
    fill(copy);
    changed.set(name, Tensor.from(copy, shape));
  };
  for (const name of names) {
    if (/\.conv\.4\.(weight|bias)$/.test(name)) write(name, (data) => data.fill(0));
    else if (/layers\.\d+\.weight$/.test(name) && !parameters.has(name.replace(/weight$/, "bias"))) {
      write(name, (data) => {
        data.fill(0);
        const channels = config.decoderBlockOutChannels[0]!;
        for (let channel = 0; channel < channels; channel++) data[centre(channel, channel, channels)] = 1;
      });
    }
  }
  const rows = firstRows(config);
  write(`${first}.weight`, (data) => {
    rows.forEach(({ latent, factor }, row) => {
      const size = 9 * config.latentChannels;
      data.fill(0, row * size, (row + 1) * size);
      data[centre(row, latent, config.latentChannels)] = factor;
    });
  });
  write(`${first}.bias`, (data) => {
    rows.forEach(({ offset }, row) => (data[row] = offset));
  });
  write(`${last}.weight`, (data) => data.fill(0));
  write(`${last}.bias`, (data) => data.fill(0.5));
  return new Map([...parameters].map(([name, tensor]) => [name, changed.get(name) ?? tensor]));
}

/** The place of a 3x3 kernel's middle in a weight [Cout, Cin, 3, 3]. */
const centre = (output: number, input: number, inputs: number): number => 9 * (output * inputs + input) + 4;

/** One channel of the first convolution: factor · u + offset of a latent channel. */
interface Row {
  readonly latent: number;
  readonly factor: number;
  readonly offset: number;
}

function firstRows({ latentChannels, decoderBlockOutChannels }: AutoencoderTinyConfig): Row[] {
  const passed = Array.from({ length: latentChannels }, (_, latent): Row => {
    return { latent, factor: 1 / latentLimit, offset: 1 };
  });
  const pieces = missingPieces();
  const spare = decoderBlockOutChannels[0]! - latentChannels;
  const undone = Math.min(latentChannels, Math.floor(spare / pieces.length));
  const undoing = Array.from({ length: undone }, (_, latent) =>
    pieces.map((piece): Row => ({ latent, ...piece })),
  );
  return [...passed, ...undoing.flat()];
}

/** By how much the inverse becomes steeper at each bend, as factor · u + offset, on the side of u above 0 and below. */
function missingPieces(): Omit<Row, "latent">[] {
  const points = [0, ...bends, end];
  const slopes = points.slice(1).map((z, i) => (z - points[i]!) / (limited(z) - limited(points[i]!)));
  return [1, -1].flatMap((sign) =>
    bends.map((bend, i) => {
      const steeper = (slopes[i + 1]! - slopes[i]!) / latentLimit;
      return { factor: sign * steeper, offset: -steeper * limited(bend) };
    }),
  );
}

function checkConfig({ latentChannels, decoderBlockOutChannels, actFn }: AutoencoderTinyConfig): void {
  const width = decoderBlockOutChannels[0]!;
  if (width >= latentChannels && actFn === "relu") return;
  const found = actFn === "relu" ? `${width} decoder_block_out_channels` : `act_fn ${actFn}`;
  throw new VaekitError(
    "INVALID_CONFIG",
    `model.initialization: identity passes latents on by ReLUs, so it needs act_fn relu and at least as many decoder_block_out_channels as latent_channels (${latentChannels}), found ${found}. Change the config, or write pytorch.`,
  );
}
