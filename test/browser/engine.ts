/** What a test needs of a browser, whichever drives it. */

export interface BrowserEngine {
  /** Opens an address in a fresh profile, and waits until its scripts have run. */
  open(url: string): Promise<EnginePage>;
  close(): Promise<void>;
}

/** What only Chromium's driver can do to a page. */
export interface Accidents {
  /** Ends the process that draws and computes for the graphics processor, and with it all devices of WebGPU. */
  endGraphics(): Promise<void>;
  /** Takes the network away, and gives it back. */
  setOffline(isOffline: boolean): Promise<void>;
}

export interface EnginePage {
  /** The value of an expression that gives a promise of text. */
  evaluate(expression: string): Promise<string>;
  /** Errors that nobody in the page caught, and what its console complains of, since the last call. */
  takeFaults(): Promise<string[]>;
  readonly accidents?: Accidents;
  close(): Promise<void>;
}
