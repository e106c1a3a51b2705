/**
 * Every config.json is read or refused, with an error that a user can act on. VAEKIT_CONFIG_MUTANTS=5000 tries more
 * than the few of every run, and watches time and memory, which a busy machine would spoil otherwise.
 */
import { expect, test } from "vitest";
import { parseJson } from "../src/files/index.ts";
import { configFromTensors } from "../src/models/autoencoder-kl/config-from-tensors.ts";
import { autoencoderKL, parameterShapes, completeConfig, parseConfig } from "../src/models/index.ts";
import { readConfig } from "../src/models/autoencoder-kl/config.ts";
import { VaekitError } from "../src/node/index.ts";
import { storeInMemory, type StoredTensor } from "../src/tensor/stored-tensor.ts";
import { Tensor } from "../src/tensor/tensor.ts";
import { matchWeights } from "../src/vae/model-weights.ts";
import { configMutants, healthyConfig } from "./config-mutants.ts";

const asked = process.env.VAEKIT_CONFIG_MUTANTS;
const count = Number(asked ?? 300);
const seed = 7;

/** What reading a config may end in. INVALID_FILE: the text is no JSON, or ambiguous. */
const allowedCodes = ["INVALID_CONFIG", "WEIGHTS_MISMATCH", "UNSUPPORTED", "INVALID_FILE"];

/** A config that takes longer than this is hung or allocates; a good one takes about a millisecond. */
const maxSeconds = 1;
const maxBytes = 200e6;

const tensors: ReadonlyMap<string, StoredTensor> = new Map(
  [...parameterShapes(completeConfig(healthyConfig))].map(([name, shape]) => [
    name,
    storeInMemory(name, Tensor.zeros(shape)),
  ]),
);

/** As the config.json of a folder, and as the config beside a single file. */
const readers: Record<string, (json: unknown) => void> = {
  folder: (json) =>
    void matchWeights(autoencoderKL, parseConfig(json, "config.json").config, tensors, "weights"),
  "single file": (json) =>
    void configFromTensors(tensors, { given: readConfig(json, "config.json", "given file") }, "weights"),
};

test.each(Object.keys(readers))(
  `every mutant of a %s's config is read or refused (seed ${seed})`,
  (reader) => {
    const mutants = configMutants(seed);
    const outcomes = new Map<string, number>();
    for (let i = 0; i < count; i++) {
      const text = mutants.next().value;
      const before = process.memoryUsage().rss;
      const start = performance.now();
      const outcome = outcomeOf(() => {
        readers[reader]!(parseJson(text, { name: "config.json" }));
      });
      const about = `mutant ${i} of seed ${seed}: ${text.slice(0, 2000)}`;
      expect((performance.now() - start) / 1000, about).toBeLessThan(maxSeconds);
      expect(process.memoryUsage().rss - before, about).toBeLessThan(maxBytes);
      expect(["read", ...allowedCodes], `${about}\n${outcome.text}`).toContain(outcome.code);
      expect(outcome.text.length, about).toBeLessThan(1000);
      outcomes.set(outcome.code, (outcomes.get(outcome.code) ?? 0) + 1);
    }
    // Mutants that are all refused alike would prove nothing.
    expect(outcomes.get("read")).toBeGreaterThan(count / 50);
    expect(outcomes.get("INVALID_CONFIG")).toBeGreaterThan(count / 5);
  },
);

function outcomeOf(read: () => void): { code: string; text: string } {
  try {
    read();
    return { code: "read", text: "" };
  } catch (error) {
    return { code: error instanceof VaekitError ? error.code : "another error", text: String(error) };
  }
}
