/** Checkpoints in shards: an index maps every tensor to the file that holds it. */
import { VaekitError } from "../errors.ts";
import type { ByteSource } from "../tensor/byte-source.ts";
import type { FoundTensor } from "../tensor/stored-tensor.ts";
import { quote } from "../util/printable.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { readJsonSource, type ModelFiles } from "./model-files.ts";
import { parseSafetensors } from "./safetensors.ts";

/**
 * Opens every shard that an index names.
 *
 * @param index a file of `files`, open.
 * @param wholeFile the file beside the index that holds the weights as well, for the message about a missing shard.
 * @throws INVALID_FILE when the index is malformed, names a file outside the folder, or disagrees with a shard;
 *   NOT_FOUND when a shard is missing.
 */
export async function loadShards(
  files: ModelFiles,
  index: ByteSource,
  wholeFile?: string,
): Promise<{ checkpoint: Checkpoint; files: readonly string[] }> {
  const weightMap = readWeightMap(await readJsonSource(index), index.name);
  const shardNames = [...new Set(weightMap.values())].sort();
  const tensors = new Map<string, FoundTensor>();
  let metadata: Checkpoint["metadata"] = {};
  for (const shardName of shardNames) {
    const shard = await parseSafetensors(await openShard(files, shardName, index.name, wholeFile));
    for (const [name, owner] of weightMap) {
      if (owner !== shardName) continue;
      const stored = shard.tensors.get(name);
      if (stored === undefined) {
        throw invalid(index.name, `expected ${quote(name)} in ${shardName}, which does not have it.`);
      }
      tensors.set(name, stored);
    }
    metadata = { ...metadata, ...shard.metadata };
  }
  return { checkpoint: { tensors, metadata }, files: shardNames.map((name) => files.pathOf(name)) };
}

function invalid(indexPath: string, message: string): VaekitError {
  return new VaekitError("INVALID_FILE", `${indexPath}: ${message}`);
}

function readWeightMap(json: unknown, indexPath: string): Map<string, string> {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const weightMap = isObject(json) ? json.weight_map : undefined;
  if (!isObject(weightMap)) {
    throw invalid(indexPath, "expected an object with weight_map, from tensor names to file names.");
  }
  return new Map(
    Object.entries(weightMap).map(([name, shard]) => [name, checkedShardName(shard, indexPath)]),
  );
}

/** A shard lies beside its index: an index from a stranger must not make us open any other file. */
function checkedShardName(shard: unknown, indexPath: string): string {
  const isPlain =
    typeof shard === "string" && /^[^/\\:\0]+\.safetensors$/.test(shard) && !shard.startsWith(".");
  if (isPlain) return shard;
  throw invalid(
    indexPath,
    `expected the name of a .safetensors file in the same folder, found ${quote(shard)}.`,
  );
}

async function openShard(
  files: ModelFiles,
  shardName: string,
  indexPath: string,
  wholeFile?: string,
): Promise<ByteSource> {
  const remedy = wholeFile === undefined ? "" : ` Delete the index to read ${wholeFile} instead.`;
  return files.open(shardName).catch((error: unknown) => {
    if (!(error instanceof VaekitError) || error.code !== "NOT_FOUND") throw error;
    throw new VaekitError(
      "NOT_FOUND",
      `${files.pathOf(shardName)}: not there, but ${indexPath} names it; the checkpoint is incomplete.${remedy}`,
      { cause: error },
    );
  });
}
