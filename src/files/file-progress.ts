/** How far one file has come, of those that opening a model fetches. */
export interface FileProgress {
  /** Its name: of the hub's, its path inside the repository. */
  readonly file: string;
  /** Bytes that are here, those of a continued download included. */
  readonly loadedBytes: number;
  /** The file's size in bytes; undefined where a server does not say it. */
  readonly totalBytes: number | undefined;
}
