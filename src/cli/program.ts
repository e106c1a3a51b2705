/**
 * The commands of `vaekit` and what they share: help, usage errors, exit codes. A command's module, with all that it needs, is
 * loaded when the command line names it.
 */
import { Command } from "commander";
import { NodeRuntime, VaekitError } from "../node/index.ts";
import { usage } from "./failure.ts";
import { messageText } from "../node/report/index.ts";
import { packageVersion } from "./package.ts";
import { writeError, writeOut } from "./terminal.ts";

interface CommandEntry {
  readonly description: string;
  /** Gives what adds its arguments, its options and what it does. */
  readonly load: () => Promise<(command: Command) => void>;
}

const commands: Readonly<Record<string, CommandEntry>> = {
  demo: {
    description: "Send the sample picture through the built-in model and show what comes back.",
    load: async () => (await import("./commands/demo.ts")).addDemo,
  },
  roundtrip: {
    description: "Encode and decode pictures; write the reconstructions and print what was lost.",
    load: async () => (await import("./commands/roundtrip.ts")).addRoundtrip,
  },
  encode: {
    description: "Encode pictures of one size into a .safetensors file: mean, logvar and normalized latents.",
    load: async () => (await import("./commands/encode.ts")).addEncode,
  },
  decode: {
    description:
      "Decode latents: the files of `vaekit encode`, ComfyUI's .latent files, or any .safetensors file with a tensor of latents.",
    load: async () => (await import("./commands/decode.ts")).addDecode,
  },
  inspect: {
    description: "Print a model's config, its parameters, and what is missing or unexpected in its file.",
    load: async () => (await import("./commands/inspect.ts")).addInspect,
  },
  calibrate: {
    description:
      "Measure scaling_factor, shift_factor and the latents' mean and std on a folder of pictures.",
    load: async () => (await import("./commands/calibrate.ts")).addCalibrate,
  },
  export: {
    description:
      "Write vae_encoder.onnx and vae_decoder.onnx for one picture size; files of these names are replaced.",
    load: async () => (await import("./commands/export.ts")).addExport,
  },
  train: {
    description: "Train a VAE on pictures; the result is a folder that diffusers loads as its own.",
    load: async () => (await import("./commands/train.ts")).addTrain,
  },
  sample: {
    description:
      "Look into the latent space: decode random latents, the way between two pictures (--between), or sums of pictures' latents (--add, --subtract).",
    load: async () => (await import("./commands/sample.ts")).addSample,
  },
  studio: {
    description: "Look at latents in your browser: serves a page on this machine; nothing is uploaded.",
    load: async () => (await import("./commands/studio.ts")).addStudio,
  },
  tune: {
    description: "Measure what convolutions cost on this machine, for the planner (about ten seconds).",
    load: async () => (await import("./commands/tune.ts")).addTune,
  },
};

/**
 * The whole command line; commands inherit the settings made here first.
 *
 * @param args of the command line; commands that are not among them have a name and a description only.
 */
export async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("vaekit")
    .description("The VAE of diffusion models: pixels to latents and back.")
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut,
      writeErr: writeError,
      outputError: (message, write) => {
        // Commander puts its guess on a line of its own.
        const line = message
          .trimEnd()
          .replace(/^error: /, "vaekit: ")
          .replace("\n(Did you", " (Did you");
        write(`${messageText(line)}\n`);
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
  for (const [name, { description, load }] of Object.entries(commands)) {
    const command = program.command(name).description(description);
    if (args.includes(name)) (await load())(command);
  }
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
