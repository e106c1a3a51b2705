/**
 * What a file is that is no picture, by its first bytes: names of files are often wrong. Plain JavaScript, because
 * the thread that reads training pictures, which Node starts from the sources as from the build, imports it.
 */

import { Buffer } from "node:buffer";

/** @type {readonly (readonly [string, readonly number[]])[]} */
const beginnings = [
  ["a BMP picture, which cannot be read here", [...Buffer.from("BM")]],
  ["a Photoshop document", [...Buffer.from("8BPS")]],
  ["a JPEG XL picture, which cannot be read here", [0xff, 0x0a]],
  ["a JPEG XL picture, which cannot be read here", [0, 0, 0, 0x0c, ...Buffer.from("JXL ")]],
  ["a JPEG 2000 picture, which cannot be read here", [0, 0, 0, 0x0c, ...Buffer.from("jP  ")]],
  ["an icon file", [0, 0, 1, 0]],
  ["a PDF document", [...Buffer.from("%PDF")]],
  ["a ZIP archive", [...Buffer.from("PK\u0003\u0004")]],
  ["a gzip archive", [0x1f, 0x8b]],
  ["macOS's notes about a file (AppleDouble), not the file", [0, 5, 0x16, 7]],
  ["a pointer of Git LFS, whose content was not downloaded", [...Buffer.from("version https://git-lfs")]],
];

/** How much of a file tells what it is. */
const headBytes = 1024;

/**
 * `an HTML page`, `a BMP picture, …`; undefined where the bytes tell nothing.
 *
 * @param {Uint8Array} bytes
 * @returns {string | undefined}
 */
export function describeContent(bytes) {
  const head = bytes.subarray(0, headBytes);
  const known = beginnings.find(([, start]) => start.every((byte, i) => head[i] === byte));
  if (known !== undefined) return known[0];
  const brand = Buffer.from(head.subarray(4, 12)).toString("latin1");
  if (/^ftyp(?:hei|hev|mif|msf)/.test(brand)) return "a HEIC picture, which cannot be read here";
  if (/^ftyp(?!avi[fs])/.test(brand)) return "a video";
  return describeText(head);
}

/**
 * @param {Uint8Array} head
 * @returns {string | undefined}
 */
function describeText(head) {
  // A character may be cut in two at the end.
  const text = new TextDecoder("utf-8", { fatal: false }).decode(head).replace(/\uFFFD{1,3}$/, "");
  // eslint-disable-next-line no-control-regex -- what text does not hold is what is looked for
  if (/[\u0000-\u0008\u000e-\u001a\uFFFD]/.test(text)) return undefined;
  const start = text.trimStart().toLowerCase();
  if (/^(?:<!doctype html|<html|<head|<body)/.test(start)) return "an HTML page";
  if (start.startsWith("<")) return "an XML text";
  return start.startsWith("{") ? "a JSON text" : "a text";
}
