/** Checkpoints in shards: an index maps every tensor to the file that holds it. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { VaekitError } from "../../errors.ts";
import type { FoundTensor } from "../../tensor/stored-tensor.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { parseSafetensors } from "../safetensors.ts";
import { openFileSource, readJsonFile } from "../../files/node/index.ts";
import { quote } from "../../util/printable.ts";

/**
 * Opens every shard that an index names.
 *
 * @param indexName the index's file name in `folder`.
 * @param wholeFile the file beside the index that holds the weights as well, for the message about a missing shard.
 * @throws INVALID_FILE when the index is malformed, names a file outside the folder, or disagrees with a shard;
 *   NOT_FOUND when a shard is missing.
 */
export async function loadShards(
  folder: string,
  indexName: string,
  wholeFile?: string,
): Promise<{ checkpoint: Checkpoint; files: readonly string[] }> {
  const indexPath = join(folder, indexName);
  const weightMap = readWeightMap(await readJsonFile(indexPath), indexPath);
  const shardNames = [...new Set(weightMap.values())].sort();
  const tensors = new Map<string, FoundTensor>();
  let metadata: Checkpoint["metadata"] = {};
  const files: string[] = [];
  for (const shardName of shardNames) {
    const path = join(folder, shardName);
    await checkShardExists(path, indexPath, wholeFile);
    const shard = await parseSafetensors(await openFileSource(path));
    for (const [name, owner] of weightMap) {
      if (owner !== shardName) continue;
      const stored = shard.tensors.get(name);
      if (stored === undefined) {
        throw invalid(indexPath, `expected ${quote(name)} in ${shardName}, which does not have it.`);
      }
      tensors.set(name, stored);
    }
    metadata = { ...metadata, ...shard.metadata };
    files.push(path);
  }
  return { checkpoint: { tensors, metadata }, files };
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

async function checkShardExists(path: string, indexPath: string, wholeFile?: string): Promise<void> {
  const remedy = wholeFile === undefined ? "" : ` Delete the index to read ${wholeFile} instead.`;
  try {
    await access(path);
  } catch (error) {
    throw new VaekitError(
      "NOT_FOUND",
      `${path}: not there, but ${indexPath} names it; the checkpoint is incomplete.${remedy}`,
      { cause: error },
    );
  }
}
