import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InterruptGuard } from "./interrupt.ts";

/** The listeners of the test's own process wait while ours are tried. */
const kept = new Map<NodeJS.Signals, readonly unknown[]>();
const heard: string[] = [];
const before = (signal: NodeJS.Signals): void => void heard.push(`before ${signal}`);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  heard.length = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    kept.set(signal, process.rawListeners(signal));
    process.removeAllListeners(signal);
    process.on(signal, before);
  }
});
afterEach(() => {
  vi.useRealTimers();
  for (const [signal, listeners] of kept) {
    process.removeAllListeners(signal);
    for (const listener of listeners) process.on(signal, listener as NodeJS.SignalsListener);
  }
});

const press = (signal: NodeJS.Signals): boolean => process.emit(signal, signal);
const told = (signal: NodeJS.Signals): void => void heard.push(`told ${signal}`);

/** A second press sends the process the signal itself, which comes soon after. */
const arrived = (count: number): Promise<void> =>
  vi.waitFor(() => {
    expect(heard).toHaveLength(count);
  });

describe.each(["SIGINT", "SIGTERM"] as const)("%s", (signal) => {
  test("asks for an end at first, and is told of once", () => {
    using guard = new InterruptGuard(told);
    expect(guard.isInterrupted).toBe(false);
    press(signal);
    expect(guard.isInterrupted).toBe(true);
    expect(guard.signal.reason).toBe(signal);
    expect(heard).toEqual([`told ${signal}`]);
  });

  test("may arrive twice for one press", () => {
    using guard = new InterruptGuard(told);
    press(signal);
    vi.advanceTimersByTime(300);
    press(signal);
    expect(guard.isInterrupted).toBe(true);
    // It listens on, and whoever did before is not asked to end the program.
    expect(process.rawListeners(signal)).not.toContain(before);
    expect(heard).toEqual([`told ${signal}`]);
  });

  test("ends the program when it is pressed again", async () => {
    using guard = new InterruptGuard(told);
    press(signal);
    vi.advanceTimersByTime(301);
    press(signal);
    await arrived(2);
    expect(heard).toEqual([`told ${signal}`, `before ${signal}`]);
    expect(guard.isInterrupted).toBe(true);
  });

  test("goes to whoever listened before when the guard has ended", () => {
    const guard = new InterruptGuard(told);
    guard[Symbol.dispose]();
    press(signal);
    expect(heard).toEqual([`before ${signal}`]);
    expect(process.rawListeners(signal)).toEqual([before]);
    expect(guard.isInterrupted).toBe(false);
    guard[Symbol.dispose]();
    expect(process.rawListeners(signal)).toEqual([before]);
  });
});

test("a terminal that goes away is not waited for", () => {
  using guard = new InterruptGuard(told);
  press("SIGHUP");
  expect(heard).toEqual(["before SIGHUP"]);
  expect(guard.isInterrupted).toBe(false);
});

test("the first of two signals is the reason", async () => {
  using guard = new InterruptGuard();
  press("SIGTERM");
  vi.advanceTimersByTime(400);
  press("SIGINT");
  await arrived(1);
  expect(guard.signal.reason).toBe("SIGTERM");
  expect(heard).toEqual(["before SIGINT"]);
});
