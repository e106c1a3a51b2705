import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { untilAborted } from "./until-aborted.ts";

const forever = new Promise<never>(() => undefined);
const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("untilAborted", () => {
  test("without a signal is the work itself", async () => {
    await expect(untilAborted(Promise.resolve(3), undefined)).resolves.toBe(3);
    await expect(untilAborted(Promise.reject(new Error("no")), undefined)).rejects.toThrow("no");
  });

  test("settles as the work does, and listens no longer", async () => {
    const { signal } = new AbortController();
    await expect(untilAborted(Promise.resolve(3), signal)).resolves.toBe(3);
    await expect(untilAborted(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
    expect(listenersOf(signal)).toBe(0);
  });

  test("rejects as soon as the signal fires, with its reason as the cause", async () => {
    const controller = new AbortController();
    const waiting = untilAborted(forever, controller.signal);
    expect(listenersOf(controller.signal)).toBe(1);
    controller.abort("enough");
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED", cause: "enough" });
  });

  test("rejects at once when the signal has fired before, though the work is done", async () => {
    await expect(untilAborted(Promise.resolve(3), AbortSignal.abort())).rejects.toMatchObject({
      code: "ABORTED",
    });
  });

  test("lets work fail that nobody waits for any longer, without a word", async () => {
    const late: unknown[] = [];
    const listen = (error: unknown): void => void late.push(error);
    process.on("unhandledRejection", listen);
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<never>((_, reject) => (fail = reject));
    const controller = new AbortController();
    const waiting = untilAborted(work, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    fail(new Error("too late"));
    await expect(untilAborted(Promise.reject(new Error("early")), controller.signal)).rejects.toThrow();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", listen);
    expect(late).toEqual([]);
  });
});
