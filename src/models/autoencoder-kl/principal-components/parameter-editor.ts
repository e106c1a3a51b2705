/** Writes chosen rows of convolutions into a copy of a model's parameters. */
import { invariant } from "../../../errors.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import type { FilterRow } from "./feature-maps.ts";
import type { HeadPlacement, Placement } from "./placement.ts";
import { restoringNormWeights } from "./placement.ts";

export type Parameters = ReadonlyMap<string, Tensor<"float32">>;

export class ParameterEditor {
  readonly parameters: Map<string, Tensor<"float32">>;

  constructor(parameters: Parameters) {
    this.parameters = new Map(
      [...parameters].map(([name, { data, shape }]) => [name, Tensor.from(data.slice(), shape)]),
    );
  }

  has(name: string): boolean {
    return this.parameters.has(`${name}.weight`);
  }

  weight(name: string): Tensor<"float32"> {
    return this.#get(`${name}.weight`);
  }

  bias(name: string): Tensor<"float32"> {
    return this.#get(`${name}.bias`);
  }

  clear(name: string): void {
    this.weight(name).data.fill(0);
    this.bias(name).data.fill(0);
  }

  /** Makes a convolution's outputs the signals, as `placement` says; a signal may read fewer inputs than there are. */
  writeSignals(name: string, signals: readonly FilterRow[], placement: Placement): void {
    const { data, shape } = this.weight(name);
    const bias = this.bias(name).data;
    const rowLength = shape.slice(1).reduce((product, size) => product * size, 1);
    const clearRow = (channel: number): Float32Array =>
      data.subarray(channel * rowLength, (channel + 1) * rowLength).fill(0);
    for (const { channel, signal, sign } of placement.copies) {
      const row = clearRow(channel);
      const { weights, bias: shift } = signals[signal]!;
      invariant(weights.length <= rowLength, `${name}: a signal reads more channels than there are`);
      for (let i = 0; i < weights.length; i++) row[i] = sign * weights[i]!;
      bias[channel] = sign * shift;
    }
    for (const { channel, value } of placement.constants) {
      clearRow(channel);
      bias[channel] = value;
    }
  }

  /** Makes a 1x1 convolution, if the model has one of this name, copy its first inputs. */
  copySignals(name: string, count: number, placement: Placement): void {
    if (this.has(name)) this.writeSignals(name, identityRows(count, 1), placement);
  }

  /**
   * Makes group norm, SiLU and the last convolution pass the signals on as they are. What the convolution reads
   * otherwise is damped.
   */
  writeHead(half: string, placement: HeadPlacement, signalScales: ArrayLike<number>): void {
    const norm = this.weight(`${half}.conv_norm_out`).data;
    for (const [channel, weight] of restoringNormWeights(placement, signalScales)) norm[channel] = weight;
    const { data, shape } = this.weight(`${half}.conv_out`);
    const inputs = shape[1]!;
    for (let i = 0; i < data.length; i++) data[i] = data[i]! * headDamping;
    this.bias(`${half}.conv_out`).data.fill(0);
    placement.pairs.forEach(({ positive, negative }, signal) => {
      data[(signal * inputs + positive) * 9 + 4] = 1;
      data[(signal * inputs + negative) * 9 + 4] = -1;
    });
  }

  #get(name: string): Tensor<"float32"> {
    const tensor = this.parameters.get(name);
    invariant(tensor !== undefined, `no parameter ${name}`);
    return tensor;
  }
}

/** How much of the head's random weights is left: they give the training a start, and the output little noise. */
const headDamping = 0.1;

/** Rows of a 1x1 or 3x3 convolution that copy the first `count` inputs. */
export function identityRows(count: number, kernelSize: 1 | 3): FilterRow[] {
  const taps = kernelSize ** 2;
  return Array.from({ length: count }, (_, i) => {
    const weights = new Float32Array(count * taps);
    weights[i * taps + (taps >> 1)] = 1;
    return { weights, bias: 0 };
  });
}
