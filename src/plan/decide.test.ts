import { describe, expect, test } from "vitest";
import { defaultProfile, type CostProfile } from "../cost/index.ts";
import { GraphBuilder, type Graph, type Value } from "../graph/index.ts";
import { estimateGraph, nativeMemory, wasmMemory } from "../memory/index.ts";
import type { Half, InputSize } from "../models/index.ts";
import { groupNorm } from "../nn/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Decisions, type Decision, type DecisionsParts, type Resources } from "./decide.ts";
import { providerOf, traitsOf } from "./device-traits.ts";
import { algorithmOf, joinedNames } from "./layer-names.ts";
import { rewrittenFor } from "./rewritten.ts";

const weight = Tensor.zeros([16, 16, 3, 3]);

/** Three convolutions, each after a sum with what came before: maps wait for each other. */
function graphOf(half: Half, { batch, height, width }: InputSize): Graph {
  const builder = new GraphBuilder(half);
  const conv = (x: Value): Value =>
    builder.apply("Conv", [x, builder.constant("w", weight)], { strides: [1, 1], pads: [1, 1, 1, 1] });
  const x = builder.input("x", "float32", [batch, 16, height, width]);
  const first = conv(x);
  const second = conv(first);
  return builder.build({ y: conv(builder.apply("Add", [second, builder.apply("Add", [first, x], {})], {})) });
}

const anything: Resources = {
  processBytes: () => undefined,
  availableBytes: () => undefined,
  hasFiles: true,
};
const cpu = defaultProfile("cpu", 2);

const decisions = (changes: Partial<DecisionsParts> = {}): Decisions =>
  new Decisions({
    machine: anything,
    graphOf,
    facts: { spatialFactor: 8 },
    processBytes: 0,
    device: "cpu",
    profile: cpu,
    ...changes,
  });

const size = { batch: 1, height: 512, width: 256 };
/** Strips are never worth it where a run of a session costs so much. */
const slowRuns: CostProfile = { ...cpu, run: 1e12 };
/** And always, where what is far costs so much. */
const slowMaps: CostProfile = { ...cpu, farElement: 1e6, direct: { ...cpu.direct, far: 1e6 }, tiles: {} };

const peakOf = ({ plan }: Decision): number => plan.peakBytes;

describe("what is decided without a limit", () => {
  test("is the faster way, where the whole takes clearly less time than strips", () => {
    expect(decisions({ profile: slowRuns }).decide("decoder", size, { tiling: "auto" }).plan.tiling).toBe(
      "off",
    );
    const large = { batch: 1, height: 2048, width: 2048 };
    expect(decisions({ profile: slowMaps }).decide("decoder", large, { tiling: "auto" }).plan.tiling).toBe(
      "exact",
    );
  });

  test.each([
    ["four fifths of the strips' time where strips halve the memory", 0.8, 0],
    ["nine tenths of it where the process holds most of the memory anyway", 0.9, 20e9],
  ])("turns at %s", (_, share, processBytes) => {
    const large = { batch: 1, height: 2048, width: 2048 };
    const at = (run: number, tiling: "auto" | "off" | "exact") =>
      decisions({ processBytes, profile: { ...slowMaps, run } }).decide("decoder", large, { tiling }).plan;
    const whole = at(0, "off");
    const [free, priced] = [at(0, "exact").seconds, at(1e6, "exact").seconds];
    expect(whole.peakBytes >= 2 * at(0, "exact").peakBytes).toBe(share === 0.8);
    // What a run costs is all that differs, and only strips have more than one.
    const turn = ((whole.seconds / share - free) / (priced - free)) * 1e6;
    expect(turn).toBeGreaterThan(0);
    expect([at(turn * 0.999, "auto").tiling, at(turn * 1.001, "auto").tiling]).toEqual(["exact", "off"]);
  });

  test("is the plan of that very graph, on this device", () => {
    const { plan } = decisions({ profile: slowRuns }).decide("encoder", size, { tiling: "off" });
    const graph = rewrittenFor(graphOf("encoder", size), slowRuns);
    expect(plan).toMatchObject({
      half: "encoder",
      size,
      device: "cpu",
      tiling: "off",
      stripCount: 1,
      threadCount: 2,
      fileBytes: 0,
    });
    expect(plan.peakBytes).toBe(Math.ceil(estimateGraph(graph, { processBytes: 0 }).peakBytes));
    expect(decisions().device).toBe("cpu");
  });

  test("counts a fresh process where the platform says nothing of this one", () => {
    const [nothing, unknown] = [0, undefined].map((processBytes) =>
      peakOf(decisions({ processBytes }).decide("decoder", size, { tiling: "off" })),
    );
    expect(unknown! - nothing!).toBe(nativeMemory.process);
    const [none, fresh] = [0, undefined].map((processBytes) =>
      peakOf(decisions({ processBytes }).decide("decoder", size, { tiling: "exact" })),
    );
    expect(fresh! - none!).toBe(nativeMemory.process);
  });
});

describe("a limit", () => {
  const whole = peakOf(decisions({ profile: slowRuns }).decide("decoder", size, { tiling: "off" }));
  const auto = (maxMemoryBytes: number | undefined, changes: Partial<DecisionsParts> = {}): Decision =>
    decisions({ profile: slowRuns, ...changes }).decide("decoder", size, { tiling: "auto", maxMemoryBytes });

  test("of just enough bytes is kept to", () => {
    expect(auto(whole).plan.tiling).toBe("off");
    const strips = auto(whole - 1);
    expect(strips.plan.tiling).toBe("exact");
    expect(peakOf(strips)).toBeLessThan(whole);
  });

  test("is four fifths of what is free, beside what the process holds, where none is given", () => {
    const machine = (availableBytes: number, processBytes: number | undefined): Partial<DecisionsParts> => ({
      machine: { ...anything, availableBytes: () => availableBytes, processBytes: () => processBytes },
    });
    const free = (whole - 1e6) / 0.8;
    expect(auto(undefined, machine(free + 10, 1e6)).plan.tiling).toBe("off");
    expect(auto(undefined, machine(free - 10, 1e6)).plan.tiling).toBe("exact");
    expect(auto(undefined, machine(whole / 0.8 + 10, undefined)).plan.tiling).toBe("off");
    expect(auto(undefined, machine(whole / 0.8 - 10, undefined)).plan.tiling).toBe("exact");
    // A limit of the caller's counts instead.
    expect(auto(whole, machine(1, 1)).plan.tiling).toBe("off");
  });

  test("is not asked where the whole was asked for", () => {
    const { plan } = decisions().decide("decoder", size, { tiling: "off", maxMemoryBytes: 1 });
    expect(plan.tiling).toBe("off");
  });

  test("of what WebAssembly can address makes strips of what does not fit, and refuses the whole, whatever is allowed", () => {
    const wasm = { profile: { ...defaultProfile("wasm", 1), run: 1e12 } };
    const decide = (side: number, tiling: "auto" | "off"): Decision =>
      decisions(wasm).decide(
        "decoder",
        { batch: 1, height: side, width: side },
        { tiling, maxMemoryBytes: 1e12 },
      );
    expect(decide(512, "auto").plan.tiling).toBe("off");
    // Two maps of 16 channels of 5120x5120 float32 and their surroundings are more than 3.5 GB.
    expect(decide(5120, "auto").plan.tiling).toBe("exact");
    expect(() => decide(5120, "off")).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED",
        message: expect.stringMatching(
          /^decoding 40960x40960 as a whole would take about \d+ MB, and WebAssembly has at most 3500\. /,
        ) as string,
      }),
    );
  });

  test("that strips do not keep to in their usual way is kept to with lower ones or a file", () => {
    const profile = slowMaps;
    const usual = decisions({ profile }).decide("decoder", size, { tiling: "exact" });
    const maxMemoryBytes = peakOf(usual) - 1;
    const { plan } = decisions({ profile }).decide("decoder", size, { tiling: "auto", maxMemoryBytes });
    expect(plan.tiling).toBe("exact");
    expect(plan.peakBytes).toBeLessThanOrEqual(maxMemoryBytes);
    expect(plan.stripCount > usual.plan.stripCount || plan.fileBytes > 0).toBe(true);
  });

  test("too small for every way names the picture, in its own pixels", () => {
    for (const [half, what] of [
      ["decoder", "decoding 2048x4096"],
      ["encoder", "encoding 256x512"],
    ] as const)
      for (const tiling of ["auto", "exact"] as const)
        expect(() => decisions().decide(half, size, { tiling, maxMemoryBytes: 1e6 })).toThrow(
          expect.objectContaining({
            code: "INVALID_ARGUMENT",
            message: expect.stringMatching(
              `^maxMemoryBytes: expected at least \\d+ MB for ${what}, found 1 MB\\. Allow more memory, or take a smaller picture\\.$`,
            ) as string,
          }),
        );
  });

  test("is kept to through a file only where there are files", () => {
    const free = peakOf(decisions().decide("decoder", size, { tiling: "exact" }));
    const limits = Array.from({ length: 30 }, (_, step) => free - (step + 1) * 1e6);
    const fileBytes = (hasFiles: boolean): number[] =>
      limits.flatMap((maxMemoryBytes) => {
        try {
          const machine = { ...anything, hasFiles };
          return decisions({ machine }).decide("decoder", size, { tiling: "exact", maxMemoryBytes }).plan
            .fileBytes;
        } catch {
          return [];
        }
      });
    const [withFiles, without] = [fileBytes(true), fileBytes(false)];
    expect(Math.max(...withFiles)).toBeGreaterThan(0);
    expect(new Set(without)).toEqual(new Set([0]));
    expect(withFiles.length).toBeGreaterThanOrEqual(without.length);
  });
});

describe("the second use of one model's decisions", () => {
  test("gives what is known, for the same half, size and batch only", () => {
    const one = decisions();
    for (const tiling of ["off", "exact"] as const) {
      const first = one.decide("decoder", size, { tiling });
      expect(one.decide("decoder", { ...size }, { tiling })).toBe(first);
      for (const other of [
        { ...size, batch: 2 },
        { ...size, height: 256 },
        { ...size, width: 512 },
      ])
        expect(one.decide("decoder", other, { tiling })).not.toBe(first);
      expect(one.decide("encoder", size, { tiling }).plan.half).toBe("encoder");
      expect(one.decide("decoder", size, { tiling })).toBe(first);
    }
  });

  test("takes as many times the seconds in strips as there are pictures", () => {
    const one = decisions();
    const [single, three] = [1, 3].map(
      (batch) => one.decide("decoder", { ...size, batch }, { tiling: "exact" }).plan,
    );
    expect(three!.seconds / single!.seconds).toBeCloseTo(3, 9);
    expect(three!.peakBytes).toBe(single!.peakBytes);
    expect(three!.size.batch).toBe(3);
  });

  test("with another limit has a plan of its own, and without one the first plan again", () => {
    const one = decisions();
    const free = one.decide("decoder", size, { tiling: "exact" });
    const tight = one.decide("decoder", size, { tiling: "exact", maxMemoryBytes: peakOf(free) - 1 });
    expect(peakOf(tight)).toBeLessThan(peakOf(free));
    expect(one.decide("decoder", size, { tiling: "exact", maxMemoryBytes: peakOf(free) })).toBe(free);
    expect(one.decide("decoder", size, { tiling: "exact" })).toBe(free);
    const fresh = decisions();
    fresh.decide("decoder", size, { tiling: "exact", maxMemoryBytes: peakOf(free) - 1 });
    expect(peakOf(fresh.decide("decoder", size, { tiling: "exact" }))).toBe(peakOf(free));
  });

  test("remembers 32 sizes, and then begins anew", () => {
    let built = 0;
    const one = decisions({
      graphOf: (half, each) => {
        built++;
        return graphOf(half, each);
      },
    });
    const decide = (height: number): Decision =>
      one.decide("decoder", { batch: 1, height, width: 8 }, { tiling: "off" });
    const first = decide(1);
    for (let height = 2; height <= 32; height++) decide(height);
    expect(decide(1)).toBe(first);
    expect(built).toBe(32);
    decide(33);
    expect(decide(1)).not.toBe(first);
    expect(built).toBe(34);
  });
});

describe("a graphics processor", () => {
  const graphics: Partial<DecisionsParts> = { device: "webgpu", profile: defaultProfile("webgpu", 1) };

  test("computes as a whole what fits, whatever strips would take", () => {
    let asked = 0;
    const one = decisions({
      ...graphics,
      graphOf: (half, each) => {
        asked++;
        return graphOf(half, each);
      },
    });
    expect(one.decide("decoder", size, { tiling: "auto" }).plan).toMatchObject({
      tiling: "off",
      device: "webgpu",
    });
    expect(asked).toBe(1);
    const { peakBytes } = one.decide("decoder", size, { tiling: "off" }).plan;
    expect(one.decide("decoder", size, { tiling: "auto", maxMemoryBytes: peakBytes - 1 }).plan.tiling).toBe(
      "exact",
    );
  });

  test("takes buffers of 1 GiB, and no larger one", () => {
    const tiling = (height: number): string =>
      decisions(graphics).decide("decoder", { batch: 1, height, width: 4096 }, { tiling: "auto" }).plan
        .tiling;
    // 16 channels of 4096x4096 float32.
    expect([tiling(4096), tiling(4097)]).toEqual(["off", "exact"]);
  });

  test("has its traits by the provider, and the processor another in WebAssembly", () => {
    const own = {
      cpu: { stagedNormFrom: 2 ** 16, stagedNormForm: "elementwise", memory: nativeMemory },
      wasm: { stagedNormFrom: 2 ** 13, stagedNormForm: "by kernels", memory: wasmMemory },
    };
    for (const provider of ["cpu", "wasm"] as const)
      expect(traitsOf(provider)).toEqual({
        gainsByStrips: true,
        maxBufferBytes: Infinity,
        ...own[provider],
      });
    for (const provider of ["webgpu", "cuda", "dml", "coreml"] as const)
      expect(traitsOf(provider)).toEqual({
        gainsByStrips: false,
        maxBufferBytes: 2 ** 30,
        stagedNormFrom: Infinity,
        stagedNormForm: "elementwise",
        memory: nativeMemory,
      });
    expect(providerOf({ name: "onnxruntime-web" }, "cpu")).toBe("wasm");
    expect(providerOf({ name: "onnxruntime-node" }, "cpu")).toBe("cpu");
    expect(providerOf({ name: "onnxruntime-web" }, "webgpu")).toBe("webgpu");
  });
});

describe("layers as people call them", () => {
  test("leave out what they have in common", () => {
    expect(joinedNames(["a.b.conv2", "a.b.shortcut"])).toBe("a.b.conv2 + shortcut");
    expect(joinedNames(["a.b.conv2", "a.c.conv1", "a.b.d.e"])).toBe("a.b.conv2 + a.c.conv1 + d.e");
    expect(joinedNames(["conv", "other"])).toBe("conv + other");
    expect(joinedNames(["a.b"])).toBe("a.b");
    expect(joinedNames([])).toBe("");
  });

  test("say how a convolution is computed, and nothing of other nodes", () => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", "float32", [1, 1, 9, 9]);
    const conv = (kernel: number[], strides: readonly [number, number]): Value =>
      builder.apply("Conv", [x, builder.input("w", "float32", [1, 1, ...kernel])], {
        strides,
        pads: [0, 0, 0, 0],
      });
    conv([3, 5], [1, 1]);
    conv([4, 4], [2, 2]);
    builder.labelled({ convolution: { form: { kind: "winograd", tile: 4 }, part: "input" } }, () =>
      conv([3, 3], [1, 1]),
    );
    builder.apply("Neg", [x], {});
    expect(builder.nodes.map(algorithmOf)).toEqual([
      "direct 3x5",
      "direct 4x4 stride 2",
      "Winograd 4x4",
      undefined,
    ]);
  });
});

test("a graph that runs as a whole has statistics in two stages where the processor needs them", () => {
  const builder = new GraphBuilder("g");
  const parameter = (name: string, shape: readonly number[], view = shape): Value =>
    builder.constant(name, Tensor.zeros(view));
  const x = builder.input("x", "float32", [1, 2, 512, 512]);
  const graph = builder.build({ y: groupNorm({ builder, parameter }, "norm", x, 1) });
  const operators = (provider: "cpu" | "webgpu"): string[] =>
    rewrittenFor(graph, defaultProfile(provider, 1)).nodes.map(({ operator }) => operator);
  expect(operators("cpu")).not.toContain("InstanceNormalization");
  expect(operators("webgpu")).toContain("InstanceNormalization");
});
