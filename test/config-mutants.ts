/** Mutants of a config.json: texts that strangers could send, drawn from a seed. */
import { Generator } from "../src/node/index.ts";

/** The config of the tiny model that the mutants are compared with. */
export const healthyConfig: Readonly<Record<string, unknown>> = {
  _class_name: "AutoencoderKL",
  act_fn: "silu",
  block_out_channels: [4, 8],
  down_block_types: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  force_upcast: true,
  in_channels: 3,
  latent_channels: 4,
  latents_mean: null,
  latents_std: null,
  layers_per_block: 1,
  mid_block_add_attention: true,
  norm_num_groups: 4,
  out_channels: 3,
  sample_size: 32,
  scaling_factor: 0.18215,
  shift_factor: null,
  up_block_types: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  use_post_quant_conv: true,
  use_quant_conv: true,
};

/** Values in JSON's own spelling, so that 2.0, -0 and 1e400 stay what they are. */
const values = [
  ...["null", "true", "false", "0", "-0", "1", "2.0", "1e0", "1.5", "-1", "1e9", "1e308", "1e400", "1e-320"],
  ...["9007199254740993", '""', '"2"', '"\\ud800"', '"silu"', `"${"x".repeat(2000)}"`, "{}", "[]", "[[]]"],
  ...[
    '{"length": 1}',
    "[null]",
    "[4, 8]",
    "[4, true]",
    "[1e9, 1e9]",
    "[0, 0, 0, 0]",
    "[1, 1, 1, 1]",
    "[-0, 1, 1, 1]",
  ],
  ...[
    `[${Array(5000).fill(4).join()}]`,
    `${"[".repeat(100)}${"]".repeat(100)}`,
    `${"[".repeat(5000)}${"]".repeat(5000)}`,
  ],
  ...[
    '["DownEncoderBlock2D"]',
    '["AttnDownEncoderBlock2D", "DownEncoderBlock2D"]',
    '["UNetMidBlock2D"]',
    "NaN",
    "",
  ],
];

const keys = [
  ...Object.keys(healthyConfig),
  ...[
    "sampleSize",
    "latent_chanels",
    "__proto__",
    "constructor",
    "toString",
    "architectures",
    "",
    "\\ud800",
    "\\u001b[31m",
  ],
];

/** An endless row of mutants. */
export function* configMutants(seed: number): Generator_<string> {
  const generator = Generator.philox(seed);
  const numbers = new Float32Array(1);
  const below = (count: number): number => {
    generator.fillUniform(numbers, 0, 1);
    return Math.min(count - 1, Math.floor(numbers[0]! * count));
  };
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
  for (;;) {
    const entries = Object.entries(healthyConfig).map(([key, value]): [string, string] => [
      key,
      JSON.stringify(value),
    ]);
    for (let changes = 1 + below(3); changes > 0; changes--) {
      const at = below(entries.length);
      const change = below(5);
      if (change === 0) entries.splice(at, 1);
      else if (change === 1) entries.push([pick(keys), pick(values)]);
      else entries[at] = [entries[at]![0], pick(values)];
    }
    const text = `{${entries.map(([key, value]) => `"${key}": ${value}`).join(", ")}}`;
    yield below(20) === 0 ? broken(text, below(text.length), below(3)) : text;
  }
}

/** Cut off, with a character doubled, or with one left out. */
function broken(text: string, at: number, kind: number): string {
  if (kind === 0) return text.slice(0, at);
  return kind === 1 ? text.slice(0, at) + text.slice(at - 1) : text.slice(0, at) + text.slice(at + 1);
}

type Generator_<T> = globalThis.Generator<T, never>;
