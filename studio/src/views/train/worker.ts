/** Trains in a thread of its own, so that the page never stands still. */
import * as ort from "onnxruntime-web/wasm";
import { Tensor, WebRuntime } from "vaekit";
import { Trainer } from "vaekit/train";
import { drawnDigits, pixelCount, type Digits } from "./digits.ts";
import type { FromWorker, OwnDigits, Said, ToWorker } from "./messages.ts";
import { picturesOf, seenBy } from "./pictures.ts";
import { recipeOf, testCount, testSeed, trainedCount, trainedSeed, type TrainingSettings } from "./recipe.ts";

interface Opened {
  readonly id: number;
  readonly trainer: Trainer;
  readonly settings: TrainingSettings;
  readonly test: Digits;
}

/** How long pictures on screen may be behind the training. */
const picturesEveryMs = 300;

ort.env.wasm.numThreads = 1;
const runtime = new WebRuntime(ort);
let opened: Opened | undefined;
/** Of the newest training that the page has asked for. */
let newest = 0;
/** The same for every training. */
let drawn: OwnDigits | undefined;
const drawnOnes = (): OwnDigits => ({
  trained: drawnDigits(trainedCount, trainedSeed),
  test: drawnDigits(testCount, testSeed),
});
let axes: readonly [number, number] = [0, 1];
/** The step up to which the newest training goes. */
let target = 0;
let shownAtMs = 0;
/** Messages are answered one after the other; a training run gives way to them between its steps. */
let work: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  // At once, so that nothing goes on that the page has stopped.
  if (data.kind === "run") target = data.until;
  if (data.kind === "open") {
    target = 0;
    newest = data.id;
  }
  work = work.then(() => answer(data)).catch(fail);
};

function say(message: Said, id = opened?.id ?? newest): void {
  self.postMessage({ ...message, id } satisfies FromWorker);
}

function fail(error: unknown): void {
  target = 0;
  say({ kind: "failed", message: error instanceof Error ? error.message : String(error) }, newest);
}

async function answer(message: ToWorker): Promise<void> {
  if (message.kind === "open") await open(message);
  else if (opened === undefined) return;
  else if (message.kind === "look") {
    say({ kind: "seen", seen: await seenBy(opened.trainer, message.pixels, axes) });
  } else void run();
}

async function open({ id, settings, own }: Extract<ToWorker, { kind: "open" }>): Promise<void> {
  // Only the newest is looked at.
  if (id !== newest) return;
  await opened?.trainer.dispose();
  opened = undefined;
  const { trained, test } = own ?? (drawn ??= drawnOnes());
  const examples = trained.labels.length;
  const data = Tensor.from(trained.pixels, [examples, pixelCount]);
  const trainer = await Trainer.fromRecipe(runtime, recipeOf(settings), { data });
  opened = { id, trainer, settings, test };
  say({ kind: "open", examples });
  await show(opened);
}

let running = false;
async function run(): Promise<void> {
  if (running) return;
  running = true;
  while (mayStep(opened)) {
    work = work.then(step).catch(fail);
    await work;
    await messages();
  }
  running = false;
  work = work.then(() => (opened === undefined ? undefined : show(opened))).catch(fail);
}

/** `target` is of the newest, which may still have to be opened. */
const mayStep = (of: Opened | undefined): of is Opened => of?.id === newest && of.trainer.step < target;

async function step(): Promise<void> {
  if (!mayStep(opened)) return;
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
