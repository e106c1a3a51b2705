import { describe, expect, test } from "vitest";
import { Lifetime } from "./lifetime.ts";

const nothing = (): Promise<void> => Promise.resolve();
const disposed = { code: "DISPOSED", message: "The thing was disposed." };

describe("a lifetime", () => {
  test("gives what calls give, and their errors", async () => {
    const lifetime = new Lifetime("The thing");
    await expect(lifetime.during(() => Promise.resolve(3))).resolves.toBe(3);
    await expect(lifetime.during(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(
      lifetime.during(() => {
        throw new Error("at once");
      }),
    ).rejects.toThrow("at once");
  });

  test("refuses calls after its end, and does not begin them", async () => {
    const lifetime = new Lifetime("The thing");
    await lifetime.end(nothing);
    let isBegun = false;
    const call = lifetime.during(() => {
      isBegun = true;
      return nothing();
    });
    await expect(call).rejects.toMatchObject(disposed);
    expect(isBegun).toBe(false);
    expect(() => {
      lifetime.check();
    }).toThrow(disposed.message);
  });

  test("ends the calls under way before it gives back what it owns", async () => {
    const lifetime = new Lifetime("The thing");
    const never = lifetime.during(() => new Promise<never>(() => undefined));
    const order: string[] = [];
    const failed = never.catch((error: unknown) => {
      order.push("call");
      expect(error).toMatchObject(disposed);
    });
    const ended = lifetime.end(async () => {
      await failed;
      order.push("end");
    });
    await ended;
    expect(order).toEqual(["call", "end"]);
  });

  test("ends once: a second end waits for the first", async () => {
    const lifetime = new Lifetime("The thing");
    let frees = 0;
    const free = async (): Promise<void> => {
      await Promise.resolve();
      frees++;
    };
    await Promise.all([lifetime.end(free), lifetime.end(free)]);
    await lifetime.end(free);
    expect(frees).toBe(1);
  });
});

describe("the end of a lifetime", () => {
  test("has come before anyone is told of it, and not before it is called for", async () => {
    const lifetime = new Lifetime("The thing");
    expect(lifetime.isOver).toBe(false);
    lifetime.check();
    const seen: boolean[] = [];
    const call = lifetime
      .during(() => new Promise<never>(() => undefined))
      .catch(() => seen.push(lifetime.isOver));
    await lifetime.end(() => {
      seen.push(lifetime.isOver);
      return nothing();
    });
    await call;
    expect(seen).toEqual([true, true]);
  });

  test("fails where giving back fails, for everyone who asks for it", async () => {
    const lifetime = new Lifetime("The thing");
    const fail = (): Promise<void> => Promise.reject(new Error("stuck"));
    const ends = [lifetime.end(fail), lifetime.end(nothing)];
    for (const end of ends) await expect(end).rejects.toThrow("stuck");
    expect(lifetime.isOver).toBe(true);
  });

  test("does not touch calls that are done", async () => {
    const lifetime = new Lifetime("The thing");
    const done = lifetime.during(() => Promise.resolve(3));
    await done;
    await lifetime.end(nothing);
    await expect(done).resolves.toBe(3);
  });
});
