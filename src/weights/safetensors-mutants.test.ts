/** Damaged weight files, thousands of kinds: each is read, or refused with a VaekitError, and nothing else happens. */
import { expect, it } from "vitest";
import { VaekitError } from "../errors.ts";
import { bytesInMemory } from "../tensor/byte-source.ts";
import { Tensor } from "../tensor/tensor.ts";
import { encodeSafetensors, parseSafetensors, readTensor } from "./safetensors.ts";

/** More by hand: VAEKIT_MUTANTS=20000 npx vitest run src/weights/safetensors-mutants.test.ts */
const mutantCount = Number(process.env.VAEKIT_MUTANTS ?? 1000);

const sound = new Uint8Array(
  encodeSafetensors(
    [
      ["encoder.conv_in.weight", Tensor.zeros([2, 3, 3, 3])],
      ["encoder.conv_in.bias", Tensor.zeros([2])],
      ["counter", Tensor.from(new BigInt64Array([7n]), [])],
      ["half", Tensor.from(new Uint16Array([1, 2, 3]), [3], "float16")],
      ["empty", Tensor.zeros([0, 4])],
    ],
    { format: "pt" },
  ).flatMap((chunk) => [...chunk]),
);

/** Pieces of JSON, numbers and lengths at which readers have gone wrong. */
const tokens = [
  ...['{"a":', "[", "]", "}", ",", '"', "\\", "\\u0000", "\\ud800", "__proto__", "__metadata__", "null"],
  ...[
    "-0",
    "2.0",
    "1e0",
    "1e999",
    "-1",
    "9007199254740993",
    "18446744073709551615",
    "NaN",
    '"F8_E4M3"',
    '"F4"',
  ],
  ...["\0", "\u00ff", "\ufeff", "[".repeat(300), '{"a":'.repeat(200), "0,".repeat(5000), "9".repeat(5000)],
].map((token) => new TextEncoder().encode(token));

type Random = (below: number) => number;

/** Marsaglia's xorshift: a failure's seed brings it back. */
function randomFrom(seed: number): Random {
  let state = (seed * 2654435761 + 1) >>> 0;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function splice(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  return new Uint8Array([...bytes.subarray(0, at), ...added, ...bytes.subarray(at + removed)]);
}

const mutations: readonly ((bytes: Uint8Array, random: Random) => Uint8Array)[] = [
  (bytes, random) => splice(bytes, random(bytes.length), 1, new Uint8Array([random(256)])),
  (bytes, random) => splice(bytes, random(bytes.length), 1 + random(40), new Uint8Array(0)),
  (bytes, random) => splice(bytes, random(bytes.length), random(8), tokens[random(tokens.length)]!),
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
  (bytes, random) => splice(bytes, bytes.length, 0, new Uint8Array(1 + random(64))),
  (bytes, random) => splice(bytes, random(8), 1, new Uint8Array([random(256)])),
  (bytes, random) => {
    const from = random(bytes.length);
    return splice(bytes, random(bytes.length), 0, bytes.slice(from, from + random(200)));
  },
];

/** The length before the header, made to fit again, so that damage to the JSON reaches the parser. */
function withFittingLength(bytes: Uint8Array, change: number): Uint8Array {
  if (bytes.length < 8) return bytes;
  const fitted = bytes.slice();
  const view = new DataView(fitted.buffer);
  const length = new DataView(sound.buffer).getBigUint64(0, true) + BigInt(change);
  if (length >= 0n) view.setBigUint64(0, length, true);
  return fitted;
}

function mutant(seed: number): Uint8Array {
  const random = randomFrom(seed);
  let bytes: Uint8Array = sound;
  for (let i = random(4); i >= 0; i--) bytes = mutations[random(mutations.length)]!(bytes, random);
  return random(2) === 0 ? bytes : withFittingLength(bytes, bytes.length - sound.length);
}

it(`reads or refuses each of ${mutantCount} damaged files, and fails in no other way`, async () => {
  const counts = { read: 0, refused: 0 };
  for (let seed = 1; seed <= mutantCount; seed++) {
    try {
      const { tensors } = await parseSafetensors(bytesInMemory(mutant(seed), "mutant.safetensors"));
      for (const stored of tensors.values()) await readTensor(stored);
      counts.read++;
    } catch (error) {
      const isOurs = error instanceof VaekitError && error.message.startsWith("mutant.safetensors: ");
      if (!isOurs) throw new Error(`mutant ${seed} failed otherwise`, { cause: error });
      expect(error.message.length, `mutant ${seed}: ${error.message}`).toBeLessThan(500);
      counts.refused++;
    }
  }
  // Both happen, or the mutants are all alike.
  expect(counts.read).toBeGreaterThan(mutantCount / 100);
  expect(counts.refused).toBeGreaterThan(mutantCount / 2);
}, 600_000);
