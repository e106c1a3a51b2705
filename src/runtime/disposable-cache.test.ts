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
