import { expect, test } from "vitest";
import type { Session } from "./runtime.ts";
import { DisposableCache } from "./disposable-cache.ts";

/** A session that only tells when it is disposed. */
function sessionNamed(name: string, disposed: string[]): () => Promise<Session> {
  return () =>
    Promise.resolve({
      run: () => Promise.resolve({}),
      dispose: () => {
        disposed.push(name);
        return Promise.resolve();
      },
    });
}

test("disposes the least recently used session first", async () => {
  const disposed: string[] = [];
  const cache = new DisposableCache(2);
  await cache.get("a", sessionNamed("a", disposed));
  await cache.get("b", sessionNamed("b", disposed));
  await cache.get("a", sessionNamed("another a", disposed));
  await cache.get("c", sessionNamed("c", disposed));
  expect(disposed).toEqual(["b"]);
});

test("creates a session once for requests at the same time", async () => {
  let count = 0;
  const cache = new DisposableCache(2);
  const create = (): Promise<Session> => {
    count++;
    return sessionNamed("a", [])();
  };
  const [first, second] = await Promise.all([cache.get("a", create), cache.get("a", create)]);
  expect(first).toBe(second);
  expect(count).toBe(1);
});

test("tries again after a failed creation", async () => {
  const cache = new DisposableCache(1);
  await expect(cache.get("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await expect(cache.get("a", sessionNamed("a", []))).resolves.toBeDefined();
});

test("disposes all when it is disposed", async () => {
  const disposed: string[] = [];
  const cache = new DisposableCache(3);
  await cache.get("a", sessionNamed("a", disposed));
  await cache.get("b", sessionNamed("b", disposed));
  await cache.dispose();
  expect(disposed).toEqual(["a", "b"]);
});

test("keeps as many as it may, and makes again what it has given up", async () => {
  const disposed: string[] = [];
  const cache = new DisposableCache<Session>(2);
  const made: string[] = [];
  const get = (name: string): Promise<Session> =>
    cache.get(name, () => {
      made.push(name);
      return sessionNamed(name, disposed)();
    });
  const first = await get("a");
  expect(await get("a")).toBe(first);
  await get("b");
  expect(disposed).toEqual([]);
  await get("c");
  expect(disposed).toEqual(["a"]);
  expect(await get("a")).not.toBe(first);
  expect(made).toEqual(["a", "b", "c", "a"]);
  expect(disposed).toEqual(["a", "b"]);
});

test("a failed creation takes no place, and those who wait for it fail with it", async () => {
  const disposed: string[] = [];
  const cache = new DisposableCache<Session>(1);
  await cache.get("a", sessionNamed("a", disposed));
  const fail = (): Promise<Session> => Promise.reject(new Error("no"));
  const outcomes = await Promise.allSettled([
    cache.get("b", fail),
    cache.get("b", sessionNamed("b", disposed)),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(disposed).toEqual([]);
  await cache.get("a", fail);
});

test("refuses what comes after its end, and disposes what is still being made, once", async () => {
  const disposed: string[] = [];
  const cache = new DisposableCache<Session>(2);
  let make: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => (make = resolve));
  const making = cache.get("a", async () => {
    await waiting;
    return sessionNamed("a", disposed)();
  });
  const failing = cache.get("b", () => waiting.then(() => Promise.reject(new Error("no"))));
  const failed = expect(failing).rejects.toThrow("no");
  const ended = [cache.dispose(), cache.dispose()];
  await expect(cache.get("a", sessionNamed("c", disposed))).rejects.toMatchObject({
    code: "DISPOSED",
    message: "The model was disposed.",
  });
  expect(disposed).toEqual([]);
  make();
  await Promise.all([making, failed, ...ended]);
  expect(disposed).toEqual(["a"]);
});

test("waits until what it gives up is disposed: two never hold their memory together", async () => {
  const events: string[] = [];
  const slowly = (name: string) => (): Promise<Session> =>
    Promise.resolve({
      run: () => Promise.resolve({}),
      dispose: async () => {
        events.push(`${name} ends`);
        await new Promise((resolve) => setImmediate(resolve));
        events.push(`${name} has ended`);
      },
    });
  const cache = new DisposableCache<Session>(1);
  await cache.get("a", slowly("a"));
  await cache.get("b", slowly("b"));
  events.push("b is there");
  expect(events).toEqual(["a ends", "a has ended", "b is there"]);
});
