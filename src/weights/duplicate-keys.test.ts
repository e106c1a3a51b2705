import { expect, it } from "vitest";
import { findDuplicateKey } from "./duplicate-keys.ts";

it.each([
  ['{"a":1,"b":2}', undefined],
  ['{"a":1,"a":2}', "a"],
  ['{"a":1,"\\u0061" : 2}', "a"],
  ['{"a":{"b":1,"c":[{"b":1},{"b":1}]},"b":1}', undefined],
  ['{"a":{"b":1,"b":1}}', "b"],
  ['{"a":"a","b":"a"}', undefined],
  ['{"\\"":1,"\\\\":2,"\\"":3}', '"'],
  ['{"{":"}","}":"{","{":1}', "{"],
  ["[]", undefined],
])("finds in %s the duplicate %j", (json, duplicate) => {
  expect(findDuplicateKey(json)).toBe(duplicate);
});
