/** Weights are mapped where they all lie in one folder, and read into buffers otherwise. */
import { describe, expect, test } from "vitest";
import { GraphBuilder, type Graph } from "../../graph/index.ts";
import { bytesInMemory, type ByteSource } from "../../tensor/byte-source.ts";
import { checkUnchanged, placeWeights } from "./place-weights.ts";

interface CheckedSource extends ByteSource {
  checks: number;
}

function sourceAt(path: string | undefined, isChanged = false): CheckedSource {
  const source: CheckedSource = {
    ...bytesInMemory(
      Uint8Array.from({ length: 16 }, (_, i) => i),
      path ?? "memory",
    ),
    ...(path === undefined ? {} : { path }),
    checks: 0,
    checkUnchanged: () => {
      source.checks++;
      if (isChanged) throw new Error("changed");
    },
  };
  return source;
}

/** Adds up one weight of two floats of each source, the first of the second one's last two. */
function graphOf(...sources: ByteSource[]): Graph {
  const builder = new GraphBuilder("sum");
  const x = builder.input("x", "float32", [2]);
  const y = sources.reduce((sum, source, i) => {
    const weight = {
      name: `w${i}`,
      dtype: "float32",
      shape: [2],
      source,
      byteOffset: 4 * i,
      byteLength: 8,
    } as const;
    return builder.apply("Add", [sum, builder.stored(weight)], {});
  }, x);
  return builder.build({ y: builder.apply("Neg", [y], {}) });
}

const storedOf = ({ initializers }: Graph) =>
  initializers.flatMap(({ data }) => ("stored" in data ? [data.stored] : []));
const may = (): Promise<boolean> => Promise.resolve(true);

describe("weights", () => {
  test("of one folder are mapped, each file once, after a look at it", async () => {
    const [a, b] = [sourceAt("/models/a.bin"), sourceAt("/models/b.bin")];
    const graph = graphOf(a, b, a);
    const { folder, mapped, buffers, place } = await placeWeights(graph, may);
    expect([folder, buffers]).toEqual(["/models", []]);
    expect(mapped).toEqual([a, b]);
    expect([a.checks, b.checks]).toEqual([1, 1]);
    expect(storedOf(graph).map(place)).toEqual([
      { location: "a.bin", byteOffset: 0, byteLength: 8 },
      { location: "b.bin", byteOffset: 4, byteLength: 8 },
      { location: "a.bin", byteOffset: 8, byteLength: 8 },
    ]);
  });

  test("of a file that has changed are refused", async () => {
    await expect(placeWeights(graphOf(sourceAt("/models/a.bin", true)), may)).rejects.toThrow("changed");
    expect(() => {
      checkUnchanged([sourceAt("/a"), sourceAt("/b", true)]);
    }).toThrow("changed");
    // A source that has no file has nothing that could change.
    checkUnchanged([bytesInMemory(new Uint8Array(1))]);
  });

  test.each<[string, () => CheckedSource[], boolean]>([
    ["of two folders", () => [sourceAt("/models/a.bin"), sourceAt("/others/a.bin")], true],
    ["in memory", () => [sourceAt(undefined)], true],
    ["in a file and in memory", () => [sourceAt("/models/a.bin"), sourceAt(undefined)], true],
    ["that may not be mapped", () => [sourceAt("/models/a.bin")], false],
  ])("%s are read", async (_, sources, mayMap) => {
    const graph = graphOf(...sources());
    const { folder, mapped, buffers, place } = await placeWeights(graph, () => Promise.resolve(mayMap));
    expect([folder, mapped]).toEqual([undefined, []]);
    const stored = storedOf(graph);
    expect(buffers.map(({ path }) => path)).toEqual(stored.map(({ name }) => name));
    expect(buffers.map(({ data }) => data[0])).toEqual(stored.map(({ byteOffset }) => byteOffset));
    expect(buffers.map(({ data }) => data.length)).toEqual(stored.map(() => 8));
    expect(stored.map(place)).toEqual(
      stored.map(({ name }) => ({ location: name, byteOffset: 0, byteLength: 8 })),
    );
  });

  test("that are nowhere to be mapped are not asked for", async () => {
    let asked = 0;
    const ask = (): Promise<boolean> => Promise.resolve(++asked > 0);
    await placeWeights(graphOf(sourceAt(undefined)), ask);
    await placeWeights(graphOf(), ask);
    expect(asked).toBe(0);
    await placeWeights(graphOf(sourceAt("/models/a.bin")), ask);
    expect(asked).toBe(1);
  });
});
