import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { withOutputs } from "../../test/cli/run-cli.ts";
import { Progress } from "./progress.ts";

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance", "Date"],
  });
});
afterEach(() => vi.useRealTimers());

/** What is on stderr after `work`. */
const shown = async (isTerminal: boolean, work: (progress: Progress) => void): Promise<string> => {
  const { stderr } = await withOutputs(
    () => {
      using progress = new Progress(4);
      work(progress);
    },
    { isTerminal },
  );
  return stderr;
};

describe("on a terminal", () => {
  test("work of a moment shows nothing", async () => {
    expect(
      await shown(true, () => {
        vi.advanceTimersByTime(650);
      }),
    ).toBe("");
  });

  test("longer work shows how far it is, for how long, and what goes on", async () => {
    const text = await shown(true, (progress) => {
      progress.task("a.png\nb");
      progress.advance();
      vi.advanceTimersByTime(1000);
      progress.advance(2);
      progress.task("c.png");
      vi.advanceTimersByTime(2000);
    });
    expect(text).toMatch(/25% \| 1 s \| a\.png\\nb/);
    expect(text).toMatch(/75% \| 3 s \| c\.png/);
    expect(text).not.toContain("b\n");
  });

  test("another measure may take the place of the steps", async () => {
    const text = await shown(true, (progress) => {
      progress.set(10, 100);
      vi.advanceTimersByTime(900);
      progress.set(90, 200);
      vi.advanceTimersByTime(900);
    });
    expect(text).toContain("10%");
    expect(text).toContain("45%");
  });

  test("a line that stays stands on a line of its own, and the bar goes on below", async () => {
    let before = "";
    const text = await shown(true, (progress) => {
      vi.advanceTimersByTime(1000);
      progress.note("a line");
      vi.advanceTimersByTime(1000);
      before = "seen";
    });
    expect(before).toBe("seen");
    const [first = "", second = ""] = text.split("vaekit: a line\n");
    expect(first).toContain("0%");
    expect(second).toContain("0% | 2 s");
  });

  test("nothing is drawn after the end", async () => {
    const { stderr } = await withOutputs(
      () => {
        const progress = new Progress(1);
        vi.advanceTimersByTime(500);
        progress[Symbol.dispose]();
        vi.advanceTimersByTime(5000);
        expect(vi.getTimerCount()).toBe(0);
      },
      { isTerminal: true },
    );
    expect(stderr).toBe("");
  });
});

test("where nobody watches there is no bar, but notes stay", async () => {
  const text = await shown(false, (progress) => {
    vi.advanceTimersByTime(5000);
    expect(vi.getTimerCount()).toBe(0);
    progress.note("a line");
    vi.advanceTimersByTime(5000);
  });
  expect(text).toBe("vaekit: a line\n");
});
