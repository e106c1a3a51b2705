/** A pause in which the page does what has come up: it paints, and a click on "cancel" is heard. */

/** Resolves when the event loop has been around. Without the least delay that timers have. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
