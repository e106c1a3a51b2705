/** Which addresses are the hub's own: its token goes there, and nowhere else. */

/** One hub under two names: its answers lead from one to the other. */
const hubHosts = ["huggingface.co", "hf.co"];

/** Whether the token may go there. */
export function isOfHub(url: URL, endpoint: URL): boolean {
  const isSameHub = hubHosts.includes(url.hostname) && hubHosts.includes(endpoint.hostname);
  return url.origin === endpoint.origin || (isSameHub && url.protocol === "https:" && url.port === "");
}
