/** The commands of `vaekit` and what they share: help, usage errors, exit codes. */
import { Command } from "commander";
import { addCalibrate } from "./commands/calibrate.ts";
import { addDecode } from "./commands/decode.ts";
import { addDemo } from "./commands/demo.ts";
import { addEncode } from "./commands/encode.ts";
import { addExport } from "./commands/export.ts";
import { addInspect } from "./commands/inspect.ts";
import { addRoundtrip } from "./commands/roundtrip.ts";
import { addSample } from "./commands/sample.ts";
import { addTrain } from "./commands/train.ts";
import { addTune } from "./commands/tune.ts";
import { NodeRuntime, VaekitError } from "../node/index.ts";
import { usage } from "./failure.ts";
import { messageText } from "../node/report/index.ts";
import { packageVersion } from "./package.ts";
import { writeError, writeOut } from "./terminal.ts";

/** The whole command line; commands inherit the settings made here first. */
export function createProgram(): Command {
  const program = new Command("vaekit")
    .description("The VAE of diffusion models: pixels to latents and back.")
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut,
      writeErr: writeError,
      outputError: (message, write) => {
        write(`${messageText(message.trimEnd().replace(/^error: /, "vaekit: "))}\n`);
      },
    })
    .hook("preAction", checkWorkingFolder)
    .hook("preAction", () =>
      usage(() => {
        NodeRuntime.checkEnvironment();
      }),
    )
    .showHelpAfterError("Add --help for what this command expects.")
    .addHelpText(
      "after",
      "\nExample:\n  $ vaekit demo\n\nExit codes: 0 done, 1 failed, 2 wrong usage, 141 the output's reader has gone.",
    );
  const adders = [
    addDemo,
    addRoundtrip,
    addEncode,
    addDecode,
    addInspect,
    addCalibrate,
    addExport,
    addTrain,
    addSample,
    addTune,
  ];
  for (const add of adders) add(program);
  return program;
}

/** Somebody may have removed it under the shell: relative paths mean nothing then, and no thread starts. */
function checkWorkingFolder(): void {
  try {
    process.cwd();
  } catch (error) {
    const message = "The working folder is gone. Change to a folder that is there.";
    throw new VaekitError("IO", message, { cause: error });
  }
}
