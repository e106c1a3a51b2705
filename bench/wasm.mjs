/**
 * The built-in model in WebAssembly, in Node, beside the native runtime: with and without what is done for WebAssembly's speed alone,
 * one thread each, in turns. And the speed of a bare product of matrices in both, which bounds everything else.
 *
 *     npm run bench:wasm
 */
import * as ort from "onnxruntime-web";

ort.env.wasm.numThreads = 1;
const { GraphBuilder } = /** @type {typeof import("../src/graph/index.ts")} */ (
  await built("graph/index.js")
);
const { AutoencoderKL, NodeRuntime, Tensor } = /** @type {typeof import("../src/node/index.ts")} */ (
  await built("node/index.js")
);
const { WebRuntime } = /** @type {typeof import("../src/runtime/web/web-runtime.ts")} */ (
  await built("runtime/web/web-runtime.js")
);
const { Generator } = /** @type {typeof import("../src/random/index.ts")} */ (await built("random/index.js"));

const rounds = 10;
/** Until V8 has compiled well what is used. */
const warmUpRounds = 3;

const runtimes = {
  native: new NodeRuntime({ device: "cpu", threadCount: 1 }),
  plain: new WebRuntime(ort, { plain: true }),
  fast: new WebRuntime(ort),
};
const names = /** @type {(keyof typeof runtimes)[]} */ (Object.keys(runtimes));

/**
 * @param {string} path
 * @returns {Promise<unknown>}
 */
function built(path) {
  return /** @type {Promise<unknown>} */ (import(new URL(`../build/modules/${path}`, import.meta.url).href));
}

/**
 * The least milliseconds of each, in turns: what is longer is somebody else's work.
 *
 * @param {readonly (() => Promise<unknown>)[]} runs
 */
async function leastOf(runs) {
  const least = runs.map(() => Infinity);
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const [index, run] of runs.entries()) {
      const start = performance.now();
      await run();
      if (round >= 0) least[index] = Math.min(least[index] ?? Infinity, performance.now() - start);
    }
  }
  return least;
}

async function measureModel() {
  const models = await Promise.all(names.map((name) => AutoencoderKL.default({ runtime: runtimes[name] })));
  for (const size of [256, 512]) {
    const generator = Generator.philox(1);
    const pixels = generator.randn([1, 3, size, size]);
    const latents = generator.randn([1, 16, size / 8, size / 8]);
    /** @typedef {(typeof models)[number]} Model */
    const halves = {
      /** @param {Model} vae @returns {Promise<unknown>} */
      encode: (vae) => vae.encode(pixels, { tiling: "off" }),
      /** @param {Model} vae @returns {Promise<unknown>} */
      decode: (vae) => vae.decode(latents, { tiling: "off" }),
    };
    for (const [half, run] of Object.entries(halves)) {
      const least = await leastOf(names.map((_, index) => () => run(/** @type {Model} */ (models[index]))));
      const [native = 0, plain = 0, fast = 0] = least;
      const ofNative = (/** @type {number} */ ms) =>
        `${ms.toFixed(0)} ms, ${(ms / native).toFixed(2)} times native`;
      console.log(
        `${half} ${size}: native ${native.toFixed(0)} ms; WebAssembly plain ${ofNative(plain)}; fast ${ofNative(fast)}`,
      );
    }
  }
  for (const model of models) await model.dispose();
}

/** Products as Winograd's form of the built-in model has them, many times over so that nothing else counts. */
async function measureProducts() {
  const [repeats, products] = [16, 36];
  for (const { channels, tiles } of [
    { channels: 32, tiles: 1024 },
    { channels: 64, tiles: 256 },
    { channels: 96, tiles: 64 },
  ]) {
    const builder = new GraphBuilder("products");
    const x = builder.input("x", "float32", [products, channels, tiles]);
    const shape = [products, channels, channels];
    const kernels = builder.constant("k", Tensor.from(numbers(products * channels ** 2), shape));
    let y = x;
    for (let i = 0; i < repeats; i++) y = builder.apply("MatMul", [kernels, y], {});
    const graph = builder.build({ y: builder.apply("ReduceMean", [y], { axes: [2], keepdims: true }) });
    const input = { x: Tensor.from(numbers(products * channels * tiles), x.shape) };
    const [native, wasm] = await Promise.all([
      runtimes.native.createSession(graph),
      runtimes.fast.createSession(graph),
    ]);
    const least = await leastOf([() => native.run(input), () => wasm.run(input)]);
    const flops = 2 * repeats * products * channels ** 2 * tiles;
    const [ofNative = 0, ofWasm = 0] = least.map((ms) => flops / (ms * 1e6));
    console.log(
      `products of ${channels} channels: native ${ofNative.toFixed(0)}, WebAssembly ${ofWasm.toFixed(0)} GFLOP/s, ${(ofNative / ofWasm).toFixed(1)} times`,
    );
    await native.dispose();
    await wasm.dispose();
  }
}

/**
 * Small enough that products of products stay finite, and none is denormal.
 *
 * @param {number} length
 */
function numbers(length) {
  const { data } = Generator.philox(2).randn([length]);
  return Float32Array.from(data, (value) => value / 10);
}

await measureModel();
await measureProducts();
for (const name of names) await runtimes[name].dispose();
