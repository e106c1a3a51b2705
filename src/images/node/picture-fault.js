/** What goes wrong with picture files. Plain JavaScript, as picture-file.js. */

/** What is wrong with a picture file, in words that do without its name and a full stop. */
export class PictureFault extends Error {
  /**
   * @override
   * @readonly
   */
  name = "PictureFault";

  /**
   * @param {"NOT_FOUND" | "INVALID_FILE" | "IO" | "UNSUPPORTED"} code
   * @param {string} message
   * @param {unknown} [cause]
   */
  constructor(code, message, cause) {
    super(message, { cause });
    /** @readonly */
    this.code = code;
  }
}
