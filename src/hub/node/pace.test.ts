import { describe, expect, test } from "vitest";
import { Pace } from "./pace.ts";

describe("the pace of a body", () => {
  test("is not judged before its window is over", () => {
    const pace = new Pace(1000);
    expect(pace.add(999, 0)).toBeUndefined();
    expect(pace.add(0, 0)).toBeUndefined();
  });

  test("is judged when the window is over: 1024 bytes a second are enough, one less is not", () => {
    expect(new Pace(1000).add(1000, 1024)).toBeUndefined();
    expect(new Pace(1000).add(1000, 1023)).toBe("only 1023 bytes came in 1.0 s");
    expect(new Pace(1000).add(2000, 2 * 1024)).toBeUndefined();
    expect(new Pace(1000).add(2000, 2 * 1024 - 1)).toBe("only 2047 bytes came in 2.0 s");
  });

  test("counts all of the window, however it is cut", () => {
    const pace = new Pace(1000);
    for (let step = 0; step < 9; step++) expect(pace.add(100, 100)).toBeUndefined();
    expect(pace.add(150, 100)).toBe("only 1000 bytes came in 1.1 s");
  });

  test("forgets what came in earlier windows, so that a fast beginning excuses no slow end", () => {
    const pace = new Pace(1000);
    expect(pace.add(1000, 10 ** 9)).toBeUndefined();
    expect(pace.add(999, 1)).toBeUndefined();
    expect(pace.add(1, 1)).toBe("only 2 bytes came in 1.0 s");
  });

  test("forgets a slow window as well", () => {
    const pace = new Pace(1000);
    expect(pace.add(1000, 0)).toBe("only 0 bytes came in 1.0 s");
    expect(pace.add(1000, 1024)).toBeUndefined();
  });
});
