/** Prices for machines that have not been measured. `vaekit tune` measures one. */
import type { AlgorithmCost, CostProfile, Provider } from "./cost-profile.ts";

type Prices = Pick<CostProfile, "run" | "element" | "farElement" | "direct" | "tiles" | "sidedTiles">;

/**
 * One thread of a server processor (Zen 5, 2.6 GHz): onnxruntime-node with AVX-512, and onnxruntime-web's 128-bit
 * WebAssembly. How the algorithms compare depends on the machine much less than how long they take. The native direct
 * convolution, in blocks, and tiles of 4 were compared anew on another one (Sapphire Rapids): they keep its ratios. Tiles of
 * 2 and 6, of which one is hardly and one never chosen, were only scaled with them. WebAssembly's sided tiles were measured there, too,
 * beside its direct convolution, and scaled to it.
 */
const oneThread: Readonly<Record<"cpu" | "wasm", Prices>> = {
  cpu: {
    run: 40e6,
    element: 146,
    farElement: 560,
    direct: { flop: 4.6, input: 150, output: 180, weight: 2000, far: 60 },
    tiles: {
      2: { flop: 4.9, input: 1150, output: 950, weight: 0, far: 800 },
      4: { flop: 5.2, input: 1150, output: 1000, weight: 300, far: 800 },
      6: { flop: 6.4, input: 1700, output: 1300, weight: 0, far: 800 },
    },
  },
  wasm: {
    run: 60e6,
    element: 1400,
    farElement: 1500,
    direct: { flop: 27, input: 170, output: 210, weight: 400, far: 85 },
    tiles: {
      2: { flop: 29, input: 1440, output: 760, weight: 0, far: 250 },
      4: { flop: 29, input: 2570, output: 1430, weight: 860, far: 250 },
      6: { flop: 31, input: 4330, output: 2540, weight: 320, far: 250 },
    },
    sidedTiles: {
      "4x4": { flop: 26, input: 1500, output: 1500, weight: 860, far: 250 },
      "4x1": { flop: 27, input: 1200, output: 880, weight: 860, far: 250 },
    },
  },
};

/**
 * A graphics processor, roughly. Without tiles: its library chooses the algorithm of a convolution itself, or has
 * one only.
 */
const graphicsProcessor: Prices = {
  run: 200e6,
  element: 10,
  farElement: 10,
  direct: { flop: 0.2, input: 0, output: 10, weight: 10, far: 0 },
  tiles: {},
};

/** The exponents with which threads make things faster: what waits for memory gains little. */
const parallel: AlgorithmCost & { readonly element: number } = {
  flop: 1,
  input: 0.8,
  output: 0.4,
  weight: 0.4,
  far: 0.5,
  element: 0.1,
};

/** Whether the default times of a provider are measured on some machine, or a rough guess. */
export const isMeasuredProvider = (provider: Provider): provider is "cpu" | "wasm" =>
  provider === "cpu" || provider === "wasm";

/** What holds as long as nobody has measured this machine. */
export function defaultProfile(provider: Provider, threadCount: number): CostProfile {
  if (!isMeasuredProvider(provider)) return { provider, threadCount, ...graphicsProcessor };
  const { run, element, farElement, direct, tiles, sidedTiles } = oneThread[provider];
  const shared = (cost: AlgorithmCost): AlgorithmCost => ({
    flop: cost.flop / threadCount ** parallel.flop,
    input: cost.input / threadCount ** parallel.input,
    output: cost.output / threadCount ** parallel.output,
    weight: cost.weight / threadCount ** parallel.weight,
    far: cost.far / threadCount ** parallel.far,
  });
  return {
    provider,
    threadCount,
    run,
    element: element / threadCount ** parallel.element,
    farElement: farElement / threadCount ** parallel.far,
    direct: shared(direct),
    tiles: Object.fromEntries(Object.entries(tiles).map(([tile, cost]) => [tile, shared(cost)])),
    ...(sidedTiles && { sidedTiles: { "4x4": shared(sidedTiles["4x4"]), "4x1": shared(sidedTiles["4x1"]) } }),
  };
}
