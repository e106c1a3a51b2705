/**
 * How long a training step takes and how much memory it needs, beside PyTorch on the same model, batch and machine.
 *
 *     npm run bench:train -- [--preset default|wide|all] [--rounds 3] [--steps 20] [--threads N]
 *                            [--python python3] [--json FILE]
 *
 * Each side runs in processes of its own, in turns, so that a busy machine disturbs both. Needs a build; where
 * Python has no torch and diffusers, vaekit's side is measured alone. Nothing is written unless --json asks for it.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** @typedef {{ config: Record<string, unknown>, batch: number, side: number }} Preset */
/** @typedef {{ parameters: number, milliseconds: number[], peakBytes: number }} Measurement */

/** Steps at the start of each process that are not counted: memory is allocated, caches are filled. */
const warmUp = 3;

/**
 * @param {number} levels
 * @param {Record<string, unknown>} others
 */
const modelConfig = (levels, others) => ({
  _class_name: "AutoencoderKL",
  act_fn: "silu",
  in_channels: 3,
  out_channels: 3,
  down_block_types: Array(levels).fill("DownEncoderBlock2D"),
  up_block_types: Array(levels).fill("UpDecoderBlock2D"),
  sample_size: 64,
  ...others,
});

/** @type {Record<string, Preset>} */
const presets = {
  /** The model of recipes/default-model.yaml. */
  default: {
    config: modelConfig(4, {
      block_out_channels: [16, 32, 64, 96],
      layers_per_block: 1,
      latent_channels: 16,
      norm_num_groups: 8,
      mid_block_add_attention: false,
      use_quant_conv: false,
      use_post_quant_conv: false,
    }),
    batch: 8,
    side: 64,
  },
  /** 128 channels at three levels, with attention in the middle. */
  wide: {
    config: modelConfig(3, { block_out_channels: [128, 128, 128], layers_per_block: 2, latent_channels: 4 }),
    batch: 2,
    side: 64,
  },
};

/**
 * @template T
 * @param {unknown} value
 * @returns {T}
 */
const as = (value) => /** @type {T} */ (value);

/**
 * @param {string} path inside build/modules
 * @returns {Promise<unknown>}
 */
const built = (path) => import(new URL(`../build/modules/${path}`, import.meta.url).href);

/**
 * vaekit's side: AdamW, clipping, an average of the weights, as in PyTorch's.
 *
 * @param {Preset} preset
 * @param {{ steps: number, threads: number }} options
 * @returns {Promise<Measurement>}
 */
async function measureVaekit({ config: raw, batch, side }, { steps, threads }) {
  /** @type {typeof import("../src/train/index.ts")} */
  const { TrainingEngine, ParameterLayout, autoencoderKLNetwork, initialTensors, philoxRandomness } = as(
    await built("train/index.js"),
  );
  /** @type {typeof import("../src/models/index.ts")} */
  const { initializeParameters, parseConfig } = as(await built("models/index.js"));
  /** @type {typeof import("../src/runtime/node/node-runtime.ts")} */
  const { NodeRuntime } = as(await built("runtime/node/node-runtime.js"));
  /** @type {typeof import("../src/random/index.ts")} */
  const { Generator } = as(await built("random/index.js"));

  const { config } = parseConfig(raw, "bench");
  const network = autoencoderKLNetwork(config);
  const layout = new ParameterLayout(network.parameterShapes);
  const plan = {
    network,
    layout,
    frozen: (/** @type {string} */ name) => {
      throw new Error(`${name} is not trained`);
    },
    objective: {
      reconstruction: { mse: 1 },
      reduction: /** @type {const} */ ("mean"),
      freeBits: 0,
      learnLogvar: false,
    },
    optimizer: {
      type: /** @type {const} */ ("adamw"),
      betas: /** @type {const} */ ([0.9, 0.98]),
      epsilon: 1e-8,
      weightDecay: 1e-4,
      clipNorm: 1,
      learningRate: 1e-4,
    },
    learningRateFactor: () => 1,
    klWeight: () => 1e-5,
    emaDecay: () => 0.99,
    accumulate: 1,
    givesLogits: false,
  };
  const generator = Generator.torch(0);
  const tensors = initialTensors(plan, layout.join(initializeParameters(config, generator)));
  const sample = generator.randn([batch, 3, side, side]);
  const runtime = new NodeRuntime({ device: "cpu", threadCount: threads, keepsMemory: true });
  const trainer = await TrainingEngine.create(runtime, plan, philoxRandomness(0), tensors);
  const milliseconds = [];
  for (let step = 0; step < warmUp + steps; step++) {
    const start = performance.now();
    await trainer.advance(() => Promise.resolve(sample));
    milliseconds.push(performance.now() - start);
  }
  await runtime.dispose();
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  return { parameters: layout.size, milliseconds: milliseconds.slice(warmUp), peakBytes };
}

/**
 * Runs a command that prints a measurement as its last line; undefined when it fails.
 *
 * @param {string} command
 * @param {string[]} commandArguments
 * @returns {Measurement | undefined}
 */
function measureIn(command, commandArguments) {
  const { status, stdout, stderr, error } = spawnSync(command, commandArguments, { encoding: "utf8" });
  if (status === 0) return as(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  process.stderr.write(`${command}: ${error?.message ?? stderr.trim().split("\n").at(-1) ?? "failed"}\n`);
  return undefined;
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** @param {readonly Measurement[]} rounds */
function summarize(rounds) {
  const all = rounds.flatMap(({ milliseconds }) => milliseconds);
  const medians = rounds.map(({ milliseconds }) => median(milliseconds));
  return {
    parameters: rounds[0]?.parameters ?? 0,
    median: median(all),
    min: Math.min(...all),
    /** Of the rounds' medians: how far the machine's other work reaches. */
    spread: [Math.min(...medians), Math.max(...medians)],
    peakMegabytes: Math.max(...rounds.map(({ peakBytes }) => peakBytes)) / 2 ** 20,
  };
}

/**
 * @param {string} name
 * @param {{ rounds: number, steps: number, threads: number, python: string }} options
 */
function compare(name, { rounds, steps, threads, python }) {
  const preset = presets[name];
  if (preset === undefined)
    throw new Error(`--preset: expected ${Object.keys(presets).join(", ")} or all, found ${name}`);
  const self = fileURLToPath(import.meta.url);
  const script = fileURLToPath(new URL("../tools/reference/bench_training_step.py", import.meta.url));
  const settings = JSON.stringify({ ...preset, steps, threads, warmUp });
  /** @type {Record<string, Measurement[]>} */
  const results = { vaekit: [], PyTorch: [] };
  let hasPython = true;
  for (let round = 0; round < rounds; round++) {
    /** @type {Measurement | undefined} */
    const torch = hasPython ? measureIn(python, [script, settings]) : undefined;
    if (torch === undefined && hasPython)
      process.stderr.write("PyTorch is not measured: it needs Python with torch and diffusers (--python).\n");
    hasPython = torch !== undefined;
    if (torch !== undefined) results["PyTorch"]?.push(torch);
    const own = measureIn(process.execPath, [
      self,
      "--child",
      name,
      "--steps",
      `${steps}`,
      "--threads",
      `${threads}`,
    ]);
    if (own === undefined) throw new Error("vaekit's side failed");
    results["vaekit"]?.push(own);
  }
  return Object.fromEntries(
    Object.entries(results)
      .filter(([, measurements]) => measurements.length > 0)
      .map(([side, measurements]) => [side, summarize(measurements)]),
  );
}

/**
 * @param {string} name
 * @param {ReturnType<typeof compare>} sides
 */
function print(name, sides) {
  const { vaekit, PyTorch } = sides;
  const { batch, side } = presets[name] ?? { batch: 0, side: 0 };
  const log = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);
  log(`${name}: ${vaekit?.parameters} parameters, batch ${batch} at ${side}x${side}`);
  log("           median ms      min ms    medians of rounds    peak MiB");
  for (const [label, { median: middle, min, spread, peakMegabytes }] of Object.entries(sides)) {
    const range = spread.map((value) => value.toFixed(1)).join(" - ");
    log(
      `${label.padEnd(8)}${middle.toFixed(1).padStart(12)}${min.toFixed(1).padStart(12)}${range.padStart(21)}${peakMegabytes.toFixed(0).padStart(12)}`,
    );
  }
  if (vaekit === undefined || PyTorch === undefined) return;
  const ratio = (/** @type {"median" | "min" | "peakMegabytes"} */ key) =>
    (vaekit[key] / PyTorch[key]).toFixed(2);
  log(
    `vaekit / PyTorch: median ${ratio("median")}, min ${ratio("min")}, peak memory ${ratio("peakMegabytes")}\n`,
  );
}

const usage = `Usage: npm run bench:train -- [--preset default|wide|all] [--rounds 3] [--steps 20] [--threads N]
                                [--python python3] [--json FILE]
`;

/** @returns what parseArgs gives; a mistake ends the program with one line and the usage. */
function readOptions() {
  try {
    return parseArgs({ options: optionTypes });
  } catch (error) {
    process.stderr.write(`bench:train: ${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}

const optionTypes = /** @type {const} */ ({
  help: { type: "boolean", short: "h", default: false },
  preset: { type: "string", default: "all" },
  rounds: { type: "string", default: "3" },
  steps: { type: "string", default: "20" },
  threads: { type: "string", default: `${availableParallelism()}` },
  python: { type: "string", default: process.env["PYTHON"] ?? "python3" },
  json: { type: "string" },
  child: { type: "string" },
});
const { values } = readOptions();
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const [rounds, steps, threads] = [values.rounds, values.steps, values.threads].map(Number);
const options = { rounds: rounds ?? 3, steps: steps ?? 20, threads: threads ?? 1, python: values.python };
if (values.child !== undefined) {
  const preset = presets[values.child];
  if (preset === undefined) throw new Error(`no preset ${values.child}`);
  process.stdout.write(`${JSON.stringify(await measureVaekit(preset, options))}\n`);
} else {
  const names = values.preset === "all" ? Object.keys(presets) : [values.preset];
  const results = Object.fromEntries(names.map((name) => [name, compare(name, options)]));
  for (const [name, sides] of Object.entries(results)) print(name, sides);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
}
