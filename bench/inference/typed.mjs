/** Types for what comes without: JSON, and the compiled package. */

/**
 * @template T
 * @param {unknown} value
 * @returns {T}
 */
export const as = (value) => /** @type {T} */ (value);

/**
 * The parsed JSON, as the type that the place it goes to has.
 *
 * @template T
 * @param {string} text
 * @returns {T}
 */
export const parseJson = (text) => as(JSON.parse(text));

/**
 * A module of the compiled package.
 *
 * @template T
 * @param {string} path inside build/modules
 * @returns {Promise<T>}
 */
export const built = async (path) =>
  as(await import(new URL(`../../build/modules/${path}`, import.meta.url).href));
