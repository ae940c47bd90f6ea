// What the visitor does, as events. None is lost: each is kept in the browser until the gateway has said that it is safe.

import { gatewaySeconds, post } from "./api.js";

const kept = "shelfwise.events";
const firstWait = 1_000;
const longestWait = 15_000;
const most = 100;

/** Keeps events and sends them, in their order, again and again until they are taken. */
export class Clicks {
  #sending = false;
  #wait = firstWait;
  #changed;
  #held;
  #refused;

  /**
   * @param {() => void} changed Called after events were taken.
   * @param {(count: number) => void} held Called with how many events wait for a shop that is away; 0 when it is back.
   * @param {(message: string) => void} refused Called where events are refused for good.
   */
  constructor({ changed, held, refused }) {
    this.#changed = changed;
    this.#held = held;
    this.#refused = refused;
    addEventListener("online", () => this.send());
  }

  /** Adds an event; its id makes sending it twice harmless. */
  add(event) {
    write([...read(), { event_id: newId(), timestamp: gatewaySeconds(), ...event }]);
    return this.send();
  }

  /** Forgets what has not been sent. */
  clear() {
    write([]);
    this.#held(0);
  }

  /** Sends what waits. */
  async send() {
    if (this.#sending) return;
    this.#sending = true;
    try {
      for (let waiting = read(); waiting.length; waiting = read()) {
        const batch = waiting.slice(0, most);
        await this.#deliver(batch);
        const done = new Set(batch.map((event) => event.event_id));
        write(read().filter((event) => !done.has(event.event_id)));
        this.#wait = firstWait;
        this.#held(0);
        this.#changed();
      }
    } catch (error) {
      this.#held(read().length);
      setTimeout(() => this.send(), Math.max(this.#wait, error.waitSeconds * 1_000));
      this.#wait = Math.min(2 * this.#wait, longestWait);
    } finally {
      this.#sending = false;
    }
  }

  async #deliver(batch) {
    try {
      await post("events", { events: batch });
    } catch (error) {
      if (error.passing !== false) throw error;
      // Sending it again would be refused again.
      this.#refused(error.message);
    }
  }
}

/** An id that nobody else makes up; `crypto.randomUUID` is missing where a page came without TLS. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Where the browser keeps nothing, or no more, this page does as long as it is open.
let here = null;

function read() {
  if (here) return here;
  try {
    const events = JSON.parse(localStorage.getItem(kept) ?? "[]");
    return Array.isArray(events) ? events : [];
  } catch {
    return [];
  }
}

function write(events) {
  try {
    localStorage.setItem(kept, JSON.stringify(events));
    here = null;
  } catch {
    here = events;
  }
}
