/** `vaekit inspect --runtime`: what computes here, and which of ONNX Runtime's own ways it is used in. */
import { NodeRuntime, type Device, type RuntimeDescription } from "../node/index.ts";
import { formatTable, print, printJson, type Column } from "./format.ts";

type Trick = RuntimeDescription["tricks"][number];

const columns: readonly Column<Trick>[] = [
  { title: "trick", align: "left", cell: ({ name }) => name },
  { title: "state", align: "left", cell: ({ state }) => state },
  { title: "what it is, and why it is not on", align: "left", cell: whatOf },
];

/** Prints it. */
export async function inspectRuntime({ device, json }: { device?: Device; json?: boolean }): Promise<void> {
  await using runtime = new NodeRuntime({ device });
  const description = await runtime.describe();
  if (json === true) {
    printJson(description);
    return;
  }
  print(`${description.name} ${description.version}, computing on ${description.device}\n`);
  print(formatTable(columns, description.tricks));
}

function whatOf({ what, reason }: Trick): string {
  return reason === undefined ? what : `${what} (${reason})`;
}
