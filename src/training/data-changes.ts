/** Whether a run that goes on has the pictures that it was started with: others would make other batches. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describeDataChanges, formatDataRecord, parseDataRecord } from "../data/node/index.ts";
import { VaekitError } from "../errors.ts";
import { readTextFile, writeFileAtomic } from "../files/node/index.ts";
import type { RunOptions } from "./options.ts";
import type { TrainingData } from "./training-data.ts";

const pathOf = (directory: string): string => join(directory, "data.jsonl");

/** No text in memory is longer. */
const maxBytes = 2 ** 29 - 2 ** 10;

/** Notes which pictures the run has now. */
export async function writeDataRecord(directory: string, { record }: TrainingData): Promise<void> {
  if (record !== undefined) await writeFileAtomic(pathOf(directory), formatDataRecord(record));
}

/** @throws INVALID_ARGUMENT when the pictures have changed, unless the options allow it. */
export async function checkData(options: RunOptions, { record }: TrainingData): Promise<void> {
  if (record === undefined) return;
  const { directory, onNote } = options;
  const path = pathOf(directory);
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  const hasRun = await stat(join(directory, "recipe.json")).then(
    () => true,
    () => false,
  );
  if (!hasRun) return;
  if (!isThere) {
    onNote?.("This run has no record of its pictures (data.jsonl), so a change of them would not show.");
    return;
  }
  const before = parseDataRecord(
    await readTextFile(path, { expected: "a record of pictures", maxBytes }),
    path,
  );
  const changes = describeDataChanges(before, record);
  if (changes === undefined) return;
  if (options.allowChangedData !== true) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${directory}: its pictures have changed since the run began: ${changes}. Bring them back, or go on with these by \`allowChangedData: true\`.`,
    );
  }
  onNote?.(`The pictures have changed since the run began: ${changes}.`);
}
