/** Whether a run that goes on has the pictures that it was started with: others would make other batches. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describeDataChanges, type DataRecord } from "../../data/node/index.ts";
import { VaekitError } from "../../errors.ts";
import { readJsonFile, writeFileAtomic } from "../../files/node/index.ts";
import type { TrainOptions } from "./options.ts";
import type { TrainingData } from "./training-data.ts";

const pathOf = (directory: string): string => join(directory, "data.json");

/** Notes which pictures the run has now. */
export async function writeDataRecord(directory: string, { record }: TrainingData): Promise<void> {
  if (record !== undefined) await writeFileAtomic(pathOf(directory), `${JSON.stringify(record, null, 0)}\n`);
}

/** @throws INVALID_ARGUMENT when the pictures have changed, unless the options allow it. */
export async function checkData(options: TrainOptions, { record }: TrainingData): Promise<void> {
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
    onNote?.("This run has no record of its pictures (data.json), so a change of them would not show.");
    return;
  }
  const changes = describeDataChanges((await readJsonFile(path)) as DataRecord, record);
  if (changes === undefined) return;
  if (options.allowChangedData !== true) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${directory}: its pictures have changed since the run began: ${changes}. Bring them back, or go on with these by --allow-changed-data (allowChangedData).`,
    );
  }
  onNote?.(`The pictures have changed since the run began: ${changes}.`);
}
