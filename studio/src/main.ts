import { mount } from "svelte";
import App from "./App.svelte";
import "./style.css";

mount(App, { target: document.querySelector("#studio")! });

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  // Where the browser forbids it, the studio works, with a network only.
  navigator.serviceWorker.register(new URL("service-worker.js", document.baseURI)).catch(() => undefined);
}
