import { expect, test } from "vitest";
import { WorkerClient } from "./worker-client.ts";

test("a client that was disposed before its first request has no thread, and refuses", async () => {
  const client = new WorkerClient();
  expect(client.isDisposed).toBe(false);
  await client.dispose();
  expect(client.isDisposed).toBe(true);
  const body = { kind: "dispose-state", state: 0 } as never;
  await expect(client.request(body)).rejects.toMatchObject({
    code: "DISPOSED",
    message: "The runtime was disposed.",
  });
  // What goes with the thread need not be given back.
  await client.release(body);
});
