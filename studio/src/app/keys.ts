/** The keyboard: what every view has, and what a view adds. */
import { viewIds, type KeyActions, type ViewId } from "../views/view.ts";

export interface FrameActions {
  show(id: ViewId): void;
  undo(): void;
  redo(): void;
  help(): void;
}

/** Does what a key stands for, unless it is needed where the focus is, or belongs to the browser. */
export function keyAction(event: KeyboardEvent, frame: FrameActions, view: KeyActions | undefined): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isUsedBy(event.target, event.key)) return;
  const action = frameAction(event.key, frame) ?? view?.[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action(event);
}

function frameAction(key: string, frame: FrameActions): (() => void) | undefined {
  const id = /^[1-9]$/.test(key) ? viewIds[Number(key) - 1] : undefined;
  if (id !== undefined)
    return () => {
      frame.show(id);
    };
  if (key === "z")
    return () => {
      frame.undo();
    };
  if (key === "Z")
    return () => {
      frame.redo();
    };
  if (key === "?")
    return () => {
      frame.help();
    };
  return undefined;
}

/** Arrows move sliders and radio buttons, the space bar presses buttons. */
function isUsedBy(target: EventTarget | null, key: string): boolean {
  if (target instanceof HTMLInputElement) return key.startsWith("Arrow") || key === " " || key === "Home";
  if (target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement) return key === " ";
  if (target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLElement && target.tagName === "SUMMARY" && key === " ";
}
