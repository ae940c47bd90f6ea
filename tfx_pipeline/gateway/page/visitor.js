// Who the visitor is: a made-up name that this browser keeps.

import { newId } from "./clicks.js";

const kept = "shelfwise.visitor";

/** The name of this browser's visitor, made where there is none. */
export function keptVisitor() {
  try {
    return localStorage.getItem(kept) ?? newVisitor();
  } catch {
    return newVisitor();
  }
}

/** Makes another one. */
export function newVisitor() {
  const made = `visitor-${newId()}`;
  try {
    localStorage.setItem(kept, made);
  } catch {
    // The browser keeps nothing: the visit lasts as long as the page is open.
  }
  return made;
}
