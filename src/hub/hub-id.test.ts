import { describe, expect, test } from "vitest";
import { checkHubId, checkRelativePath, isCommit, isHubId } from "./hub-id.ts";

const ofLength = (length: number): string => `org/${"n".repeat(length - 4)}`;

describe("an id of the hub", () => {
  test.each(["a/b", "_a/b_", "A.1-x/y_2.z", "org/model.v1", ofLength(200)])("may be %j", (id) => {
    expect(isHubId(id)).toBe(true);
    expect(() => {
      checkHubId(id);
    }).not.toThrow();
  });

  test.each([
    "a",
    "/b",
    "a/",
    "a/b/c",
    "a//b",
    ".a/b",
    "a./b",
    "a/.b",
    "a/b.",
    "-a/b",
    "a/b-",
    "a/b--c",
    "a/b..c",
    "a/b.git",
    "a b/c",
    " a/b",
    "a/b\n",
    "a/é",
    ofLength(201),
  ])("is not %j", (id) => {
    expect(isHubId(id)).toBe(false);
    expect(() => {
      checkHubId(id);
    }).toThrow(
      /^Model id: expected org\/name, such as "stabilityai\/sd-vae-ft-mse", found ".*Check the id, or pass/s,
    );
  });

  test.each(["safetensors", "sft", "ckpt", "pt", "pth", "bin", "CKPT"])(
    "that ends like a file of weights (%s) is meant as a file, but may be passed as an id",
    (ending) => {
      expect(isHubId(`a/b.${ending}`)).toBe(false);
      expect(isHubId(`a/b${ending}`)).toBe(true);
      expect(() => {
        checkHubId(`a/b.${ending}`);
      }).not.toThrow();
    },
  );
});

describe("a name inside a repository", () => {
  const check = (text: string) => (): void => {
    checkRelativePath(text, "Revision");
  };
  test.each(["main", "refs/pr/1", "a.b", ".hidden", "v1..2", "é"])("may be %j", (text) => {
    expect(check(text)).not.toThrow();
  });

  test.each([
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "...",
    "a/../b",
    "a\\b",
    "C:",
    "a?b",
    "a#b",
    "a%2eb",
    "a b",
    "a\tb",
  ])("is not %j", (text) => {
    expect(check(text)).toThrow(
      /^Revision: expected a relative name with forward slashes and without "\.\.", found "/,
    );
  });
});

test("a commit is forty digits of sixteen kinds, in small letters", () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  expect(isCommit(commit)).toBe(true);
  for (const other of [
    commit.slice(1),
    `${commit}0`,
    commit.toUpperCase(),
    commit.replace("0", "g"),
    `${commit}\n`,
  ]) {
    expect(isCommit(other)).toBe(false);
  }
});
