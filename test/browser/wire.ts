/** How values go between a test and its page: JSON, in which typed arrays are base64. For every driver the same, and bit for bit. */

const arrays = { Float32Array, Uint8Array, Uint16Array, BigInt64Array, Int32Array } as const;
type ArrayName = keyof typeof arrays;

/** What can be sent: JSON's values and typed arrays, nested. `undefined` in an object is left out, at the top it stays. */
export function encodeWire(value: unknown): string {
  return JSON.stringify({ value }, (_, each: unknown) => {
    if (!ArrayBuffer.isView(each)) return each;
    const type = each.constructor.name;
    if (!Object.hasOwn(arrays, type)) throw new Error(`no ${type} can be sent to a page`);
    return { $array: type, base64: base64Of(new Uint8Array(each.buffer, each.byteOffset, each.byteLength)) };
  });
}

export function decodeWire(text: string): unknown {
  const { value } = JSON.parse(text, (_, each: unknown) => {
    if (typeof each !== "object" || each === null || !("$array" in each)) return each;
    const { $array, base64 } = each as unknown as { $array: ArrayName; base64: string };
    return new arrays[$array](bytesOf(base64).buffer);
  }) as { value?: unknown };
  return value;
}

function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
