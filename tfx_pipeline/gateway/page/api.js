// What the page asks the gateway, and how long each answer took.

/** The last answers' times in milliseconds, the newest last. */
export const times = [];
const timesKept = 60;
const patience = 15_000;
const heard = new EventTarget();
const keyKept = "shelfwise.key";
// Milliseconds that this machine's clock is ahead of the gateway's, or a little more: never less.
let ahead = Infinity;

/** An answer that is not what was asked for, with words for the visitor. `status` is 0 where nothing answered. */
export class ShopError extends Error {
  constructor(status, message, waitSeconds = 0) {
    super(message);
    this.status = status;
    this.waitSeconds = waitSeconds;
  }

  /** Whether the same request may be answered later: when the shop is back, or when a key is given. */
  get passing() {
    return this.status === 0 || this.status === 401 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** The gateway's time in Unix seconds, which refuses events of the future: at most that, at least a second less. */
export function gatewaySeconds() {
  return (Date.now() - (Number.isFinite(ahead) ? ahead : 0)) / 1_000;
}

/** Calls `listener` after each answer. */
export function onTime(listener) {
  heard.addEventListener("time", listener);
}

/** Keeps a key for as long as the page is open; a gateway for other machines wants one. */
export function useKey(key) {
  sessionStorage.setItem(keyKept, key);
}

/** Gets an answer; parameters that are empty are left out. A request id that is given is the answer's as well. */
export function get(path, parameters = {}, signal = undefined, requestId = "") {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value !== undefined && value !== false);
  const query = new URLSearchParams(given).toString();
  return send("GET", query ? `${path}?${query}` : path, undefined, signal, requestId);
}

/** Posts a body and returns the answer. */
export function post(path, body) {
  return send("POST", path, body);
}

/** Deletes what is at a path. */
export function remove(path) {
  return send("DELETE", path);
}

/** A part of a path: ids may have any characters. */
export function part(id) {
  return encodeURIComponent(id.toWellFormed?.() ?? id);
}

async function send(method, path, body, signal = undefined, requestId = "") {
  const limit = AbortSignal.timeout(patience);
  const began = performance.now();
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: headersOf(body, requestId),
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ShopError(0, "The shop does not answer just now.");
  }
  const date = Date.parse(response.headers.get("Date") ?? "");
  if (date) ahead = Math.min(ahead, Date.now() - date);
  const answer = await response.json().catch(() => null);
  if (!response.ok) {
    const wait = Number(response.headers.get("Retry-After")) || 0;
    throw new ShopError(response.status, reasonOf(answer, response.status), wait);
  }
  keepTime(performance.now() - began);
  return answer;
}

function headersOf(body, requestId) {
  const key = sessionStorage.getItem(keyKept);
  return {
    ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    ...(requestId ? { "X-Request-ID": requestId } : {}),
    ...(key ? { Authorization: `Bearer ${key}` } : {}),
  };
}

function keepTime(milliseconds) {
  times.push(milliseconds);
  if (times.length > timesKept) times.shift();
  heard.dispatchEvent(new Event("time"));
}

function reasonOf(answer, status) {
  if (typeof answer?.error === "string") return answer.error;
  if (status === 429) return "That was faster than the shop can follow. It goes on in a moment.";
  if (status >= 500) return "The shop has trouble just now.";
  return "The shop could not make sense of that.";
}
