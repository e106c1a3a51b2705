/** `vaekit studio`: the page where people look at latents, on this machine. */
import { once } from "node:events";
import { InvalidArgumentError, Option, type Command } from "commander";
import { modelFamilies } from "../../node/index.ts";
import { InterruptGuard } from "../interrupt.ts";
import { note } from "../failure.ts";
import { print, printJson } from "../format.ts";
import { addJsonOption, type JsonOptions } from "../options.ts";
import { openBrowser } from "../studio/open-browser.ts";
import { studioFiles } from "../studio/studio-files.ts";
import { studioModel, type StudioModelOptions } from "../studio/studio-model.ts";
import { startStudioServer } from "../studio/studio-server.ts";

interface StudioOptions extends JsonOptions, StudioModelOptions {
  port: number;
  open?: boolean;
}

/** A port that no known program has as its own. */
const usualPort = 8420;

/** Adds its arguments, its options and what it does. */
export function addStudio(command: Command): void {
  command
    .option("--port <n>", "port on 127.0.0.1; 0 for any that is free", parsePort, usualPort)
    .option(
      "-m, --model <model>",
      "a model of your own: a folder in diffusers' format or a .safetensors file (default: the built-in model)",
    )
    .addOption(
      new Option("--as <family>", "family of a single file that does not say it").choices(
        Object.keys(modelFamilies),
      ),
    )
    .option("--config <file>", "config.json for a single file")
    .option("--open", "open the page in your browser")
    .addHelpText(
      "after",
      "\nExamples:\n  $ vaekit studio --open\n  $ vaekit studio --model models/my-vae --port 9000\n\n" +
        "Everything is computed in the browser. Only this machine reaches the page. Ctrl-C ends it.",
    );
  addJsonOption(command).action(studio);
}

/** 0 to 65535. */
function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 2 ** 16) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 0 to 65535.");
}

async function studio({ port, open, json, ...model }: StudioOptions): Promise<void> {
  await using served = await studioModel(model);
  const server = await startStudioServer(await studioFiles({ model: served.folder }), port);
  using interrupt = new InterruptGuard();
  const { url } = server;
  if (json === true) printJson({ url });
  else print(`The studio: ${url}\nCtrl-C ends it.`);
  if (open === true && !(await openBrowser(url))) note(`no browser could be opened; open ${url} yourself.`);
  if (!interrupt.isInterrupted) await once(interrupt.signal, "abort");
  await server.close();
}
