/**
 * Options of sessions that ONNX Runtime's package for Node passes on without documenting them. Plain JavaScript, as is the worker that
 * uses it.
 *
 * @see https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_session_options_config_keys.h
 */

/** @typedef {Readonly<Record<string, unknown>>} Options */
/** @typedef {{ readonly session?: Options, readonly optimization?: Options }} SessionExtras */

/** What a version that does not know them ignores; no number depends on them. @type {SessionExtras} */
export const sessionHints = {
  session: {
    // Long enough to hear the session's next run without being woken, short enough not to take the cores from
    // another session's.
    intra_op: { spin_duration_us: "300" },
  },
  optimization: {
    // What is computed from weights would be a copy of them, for Winograd's convolution one four times as large.
    disable_specified_optimizers: "ConstantFolding",
  },
};

/**
 * Where the files lie that external weights name.
 *
 * @param {string} folder
 * @returns {SessionExtras}
 */
export const weightsFolder = (folder) => ({
  session: { model_external_initializers_file_folder_path: folder },
});

/** Temporaries come from the arena that was registered for all sessions. @type {SessionExtras} */
export const fromSharedArena = { session: { use_env_allocators: "1" } };

/**
 * @param {SessionExtras[]} extras
 * @returns {SessionExtras}
 */
export const joinExtras = (...extras) => ({
  session: mergeAll(extras.map(({ session }) => session)),
  optimization: mergeAll(extras.map(({ optimization }) => optimization)),
});

/**
 * @param {(Options | undefined)[]} options
 * @returns {Options}
 */
const mergeAll = (options) => Object.fromEntries(options.flatMap((each) => Object.entries(each ?? {})));
