// A small picture of how long the answers took that this page has asked for.

import { make } from "./cards.js";

const space = "http://www.w3.org/2000/svg";
const width = 240;
const height = 44;

/** Draws times in milliseconds, the newest last. */
export function drawSpeed(place, times) {
  if (!times.length) return;
  const sorted = times.toSorted((one, other) => one - other);
  const typical = sorted[Math.floor(sorted.length / 2)];
  const slowest = sorted.at(-1);
  const words = `Typically ${milliseconds(typical)}, at most ${milliseconds(slowest)}, in the last ${times.length === 1 ? "answer" : `${times.length} answers`}`;
  const picture = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words });
  // The square root keeps one slow answer from pressing all others flat.
  const y = (time) => height - 3 - (height - 8) * Math.sqrt(time / slowest);
  const x = (at) => (times.length === 1 ? width - 4 : 4 + (at * (width - 8)) / (times.length - 1));
  const points = times.map((time, at) => `${x(at).toFixed(1)},${y(time).toFixed(1)}`);
  picture.append(
    shape("line", { class: "typical", x1: 0, x2: width, y1: y(typical), y2: y(typical) }),
    shape("polyline", { points: points.join(" ") }),
    shape("circle", { cx: x(times.length - 1), cy: y(times.at(-1)), r: 3 }),
  );
  place.replaceChildren(
    picture,
    make("p", { className: "faint", "aria-hidden": "true" }, `${words}, as seen from here.`),
  );
}

function milliseconds(time) {
  return time < 10 ? `${time.toFixed(1)} ms` : `${Math.round(time)} ms`;
}

function shape(tag, attributes) {
  const element = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
