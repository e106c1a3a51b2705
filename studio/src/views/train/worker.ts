/** Trains in a thread of its own, so that the page never stands still. */
import * as ort from "onnxruntime-web/wasm";
import { Tensor, WebRuntime } from "vaekit";
import { Trainer } from "vaekit/train";
import { drawnDigits, pixelCount, type Digits } from "./digits.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { picturesOf, seenBy } from "./pictures.ts";
import { recipeOf, testCount, testSeed, trainedCount, trainedSeed, type TrainingSettings } from "./recipe.ts";

interface Opened {
  readonly trainer: Trainer;
  readonly settings: TrainingSettings;
  readonly test: Digits;
}

/** How long pictures on screen may be behind the training. */
const picturesEveryMs = 300;

ort.env.wasm.numThreads = 1;
const runtime = new WebRuntime(ort);
let opened: Opened | undefined;
let axes: readonly [number, number] = [0, 1];
let target = 0;
let shownAtMs = 0;
/** Messages are answered one after the other; a training run gives way to them between its steps. */
let work: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === "pause") target = 0;
  else work = work.then(() => answer(data)).catch(fail);
};

const say = (message: FromWorker): void => {
  self.postMessage(message);
};

function fail(error: unknown): void {
  target = 0;
  say({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
}

async function answer(message: Exclude<ToWorker, { kind: "pause" }>): Promise<void> {
  if (message.kind === "open") await open(message);
  else if (opened === undefined) return;
  else if (message.kind === "look") {
    say({ kind: "seen", seen: await seenBy(opened.trainer, message.pixels, axes) });
  } else {
    target = message.until;
    void run();
  }
}

async function open({ settings, own }: Extract<ToWorker, { kind: "open" }>): Promise<void> {
  target = 0;
  await opened?.trainer.dispose();
  const trained = own?.trained ?? drawnDigits(trainedCount, trainedSeed);
  const test = own?.test ?? drawnDigits(testCount, testSeed);
  const examples = trained.labels.length;
  const data = Tensor.from(trained.pixels, [examples, pixelCount]);
  const trainer = await Trainer.fromRecipe(runtime, recipeOf(settings), { data });
  opened = { trainer, settings, test };
  say({ kind: "open", examples });
  await show(opened);
}

let running = false;
async function run(): Promise<void> {
  if (running) return;
  running = true;
  while (opened !== undefined && opened.trainer.step < target) {
    work = work.then(step).catch(fail);
    await work;
    await messages();
  }
  running = false;
  if (opened !== undefined) work = work.then(() => show(opened!)).catch(fail);
}

async function step(): Promise<void> {
  if (opened === undefined || opened.trainer.step >= target) return;
  const startMs = performance.now();
  const { step: done, terms } = await opened.trainer.advance();
  const { reconstruction = 0, kl = 0 } = terms;
  const milliseconds = performance.now() - startMs;
  say({ kind: "stepped", losses: { step: done, reconstruction, kl }, milliseconds });
  if (performance.now() - shownAtMs > picturesEveryMs) await show(opened);
}

async function show({ trainer, test, settings }: Opened): Promise<void> {
  const pictures = await picturesOf(trainer, test, settings.latentSize);
  ({ axes } = pictures);
  say({ kind: "pictures", pictures });
  shownAtMs = performance.now();
}

/** Lets messages of the page in. */
const messages = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
