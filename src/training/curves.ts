/** The curves of a run, from its log. */
import { join } from "node:path";
import { renderTrainingCurves, type CurvePoint } from "../report/index.ts";
import { readMetrics, type MetricsRecord, type RunDirectory } from "./run-folder/index.ts";
import { writeFileAtomic } from "../files/node/index.ts";

/** What of the validation is drawn: the first that the log has. */
const validationCurves = [
  { metric: "psnr", label: "validation: PSNR in dB" },
  { metric: "nll", label: "validation: -log p(x) in nats" },
  { metric: "loss", label: "validation: loss" },
] as const;

/** Writes `curves.svg` into the run's folder. */
export async function writeCurves(run: RunDirectory, title: string): Promise<void> {
  const records = await readMetrics(run.log.path);
  const validations = records.flatMap(({ step, validation }) =>
    typeof validation === "object" ? [{ step, ...(validation as Record<string, number>) }] : [],
  );
  const found = validationCurves.find(({ metric }) => validations.some((record) => metric in record));
  const picture = renderTrainingCurves({
    title,
    loss: curve(records, "loss"),
    ...(found === undefined
      ? {}
      : {
          validation: {
            label: found.label,
            raw: curve(validations, found.metric),
            average: curve(validations, `ema_${found.metric}`),
          },
        }),
  });
  await writeFileAtomic(join(run.path, "curves.svg"), picture);
}

function curve(records: readonly MetricsRecord[], name: string): CurvePoint[] {
  return records.flatMap(({ step, [name]: value }) => (typeof value === "number" ? [{ step, value }] : []));
}
