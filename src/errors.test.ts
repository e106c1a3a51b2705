import { expect, it } from "vitest";
import {
  abortedError,
  InternalError,
  invariant,
  isDisposal,
  messageOf,
  throwIfAborted,
  VaekitError,
} from "./errors.ts";

it("an error has its code, its name, its message and, where there is one, its cause", () => {
  const cause = new Error("deep");
  const error = new VaekitError("IO", "a: failed.", { cause });
  expect(error).toMatchObject({ code: "IO", name: "VaekitError", message: "a: failed.", cause });
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).toBe("VaekitError: a: failed.");
  expect("cause" in new VaekitError("IO", "a")).toBe(false);
});

it("a message keeps its details on lines of their own, and spells out what could steer a terminal", () => {
  const error = new VaekitError("IO", "a\nb\u001b[2J", { details: ["one\u0007", "two"] });
  expect(error.message).toBe("a\\nb\\u001b[2J\none\\u0007\ntwo");
});

it("a broken promise inside is an error of another family, which says so", () => {
  expect(() => {
    invariant(false, "rows fit");
  }).toThrow(InternalError);
  expect(() => {
    invariant(false, "rows fit");
  }).toThrow("internal: rows fit");
  expect(() => {
    invariant(true, "rows fit");
  }).not.toThrow();
  const cause = new Error("x");
  expect(new InternalError("y", { cause })).toMatchObject({ name: "InternalError", cause });
  expect(new InternalError("y")).not.toBeInstanceOf(VaekitError);
});

it("anything that was thrown has a message", () => {
  expect([new Error("a"), "b", 5, undefined, null, { toString: () => "c" }].map(messageOf)).toEqual([
    "a",
    "b",
    "5",
    "undefined",
    "null",
    "c",
  ]);
});

it("a disposal is told from other errors by its code", () => {
  expect(isDisposal(new VaekitError("DISPOSED", "x"))).toBe(true);
  for (const other of [
    new VaekitError("ABORTED", "x"),
    { code: "DISPOSED" },
    new Error("DISPOSED"),
    undefined,
  ]) {
    expect(isDisposal(other)).toBe(false);
  }
});

it("a signal that fired becomes an error with its reason, and one that did not becomes none", () => {
  const controller = new AbortController();
  throwIfAborted(controller.signal);
  throwIfAborted(undefined);
  controller.abort("enough");
  const expected = { code: "ABORTED", message: "The operation was aborted.", cause: "enough" };
  expect(abortedError(controller.signal)).toMatchObject(expected);
  expect(() => {
    throwIfAborted(controller.signal);
  }).toThrow(expect.objectContaining(expected) as Error);
});
