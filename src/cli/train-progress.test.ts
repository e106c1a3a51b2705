import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { formatDuration, TrainProgress, type ProgressStream } from "./train-progress.ts";

/** A stream, and what was written to it. */
function streamOf(isTTY: boolean): { stream: ProgressStream; text: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 120 });
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  return { stream, text: () => text };
}

afterEach(() => vi.useRealTimers());

describe("TrainProgress", () => {
  it("writes a plain line for the first step and the last, and between them now and then", () => {
    const { stream, text } = streamOf(false);
    using progress = new TrainProgress({ totalSteps: 50, stream, everyMs: 60_000 });
    for (let step = 1; step <= 50; step++) {
      progress.update({ step, imagesPerSecond: 12.345, losses: { loss: 0.123456, kl: 23456 } });
    }
    expect(text()).toMatch(
      /^step 1\/50 \| 12\.3 images\/s \| loss 0\.1235, kl 2\.35e\+4 \| \d+ s left\nstep 50\/50 \| .* 0 s left\n$/,
    );
  });

  it("writes every step where a line is due at once, and notes between them", () => {
    const { stream, text } = streamOf(false);
    using progress = new TrainProgress({ totalSteps: 12, firstStep: 10, stream, everyMs: 0 });
    progress.update({ step: 11 });
    progress.note("checkpoint written");
    progress.update({ step: 12, losses: { loss: NaN } });
    expect(text()).toMatch(
      /^step 11\/12 \| 0 s left\ncheckpoint written\nstep 12\/12 \| loss NaN \| 0 s left\n$/,
    );
  });

  it("measures the time left by the last two minutes", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { stream, text } = streamOf(false);
    using progress = new TrainProgress({ totalSteps: 100, stream, everyMs: 0 });
    const startMs = performance.now();
    const leftAt = (seconds: number, step: number): string => {
      vi.advanceTimersByTime(1000 * seconds - (performance.now() - startMs));
      progress.update({ step });
      return text().trimEnd().split("\n").at(-1)!;
    };
    expect(leftAt(60, 10)).toBe("step 10/100 | 9 min 00 s left");
    expect(leftAt(100, 50)).toBe("step 50/100 | 1 min 40 s left");
    expect(leftAt(110, 60)).toBe("step 60/100 | 1 min 13 s left");
    // From here on the first minute, of 10 steps, counts no more: 70 steps took 121 s.
    expect(leftAt(181, 80)).toBe("step 80/100 | 35 s left");
  });

  it("writes a line every half minute unless it is told otherwise", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { stream, text } = streamOf(false);
    using progress = new TrainProgress({ totalSteps: 100, stream });
    for (let step = 1; step <= 7; step++) {
      progress.update({ step });
      vi.advanceTimersByTime(10_000);
    }
    expect(text().match(/^step \d+/gm)).toEqual(["step 1", "step 4", "step 7"]);
  });

  it("draws a live line on a terminal, which a note stands above", () => {
    const { stream, text } = streamOf(true);
    const progress = new TrainProgress({ totalSteps: 4, stream });
    progress.update({ step: 1, losses: { loss: 2 } });
    progress.note("checkpoint written");
    progress.update({ step: 2, losses: { loss: 1 } });
    progress[Symbol.dispose]();
    expect(text()).toContain("0/4 | first step");
    expect(text()).toContain("checkpoint written\n");
    expect(text().slice(text().indexOf("checkpoint"))).toContain("█░");
    expect(text()).toContain("2/4 | loss 1.000 | ");
  });
});

describe("formatDuration", () => {
  it.each([
    [0.4, "0 s"],
    [59.4, "59 s"],
    [59.6, "1 min 00 s"],
    [185, "3 min 05 s"],
    [3599.7, "1 h 00 min"],
    [7620, "2 h 07 min"],
    [90_000, "25 h 00 min"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});
