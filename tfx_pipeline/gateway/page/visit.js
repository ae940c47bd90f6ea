// The panel of a visit: what was done, what the shop makes of it, and what it would show next.

import { get, part, times, onTime } from "./api.js";
import { make, nameAndNote, row } from "./cards.js";
import { drawSpeed } from "./speed.js";

const picksShown = 6;
const reasonsShown = 4;
const seenShown = 8;
const seenKept = "shelfwise.seen";
const verbs = { view: "Looked at", cart: "Put in the basket", purchase: "Bought" };
const id = (name) => document.getElementById(name);

/** What is known of the visitor on this page. */
export class Visit {
  #shop;
  #turn = 0;
  #segment = "";
  #picks = null;
  #picksTurn = 0;
  #picksStale = true;

  /** @param {object} shop `user()`, `has(model)`, `open(product, answer)`, `say(words)` and `boughtType`. */
  constructor(shop) {
    this.#shop = shop;
    this.#showSeen();
    onTime(() => drawSpeed(id("speed"), times));
  }

  /** Notes an event at once, before the gateway has it. */
  note(product, type) {
    this.#keepSeen([{ id: product.product_id, title: product.title, type }, ...this.seen].slice(0, 50));
  }

  /** Events on this page, the newest first. */
  get seen() {
    try {
      return JSON.parse(sessionStorage.getItem(seenKept) ?? "[]");
    } catch {
      return [];
    }
  }

  /** Begins anew. */
  clear() {
    this.#segment = "";
    this.#picks = null;
    this.#picksStale = true;
    this.#keepSeen([]);
  }

  /** Asks again what kind of customer this seems to be; the picks are asked for when they are shown next. */
  async refresh() {
    this.#picksStale = true;
    if (!this.#shop.has("segmentation")) return;
    const turn = ++this.#turn;
    const answer = await get(`users/${part(this.#shop.user())}/segments`).catch(() => null);
    // Where a later click has asked since, its answer is the one to show.
    if (answer && turn === this.#turn) this.#shop.say(this.#showSegment(answer));
  }

  /** Shows the picks, unless they are there: what is not shown is not asked for, as the log takes it for seen. */
  async showPicks() {
    if (!this.#picksStale || !this.#shop.has("recommendation")) return;
    this.#picksStale = false;
    const turn = ++this.#picksTurn;
    const path = `users/${part(this.#shop.user())}/recommendations`;
    const answer = await get(path, { k: picksShown }).catch(() => null);
    if (answer && turn === this.#picksTurn) this.#shop.say(this.#showPicks(answer));
    if (!answer) this.#picksStale = true;
  }

  #showSegment({ segments, events }) {
    if (!segments.length) return "";
    if (!events) {
      id("segment").replaceChildren(make("p", { className: "faint" }, "Nothing is known of you yet. What you do here will tell which kind of customer you seem to be."));
      return "";
    }
    const before = this.#segment;
    this.#segment = segments[0].label;
    const changed = before && before !== this.#segment;
    id("segment").replaceChildren(
      make(
        "p",
        { className: changed ? "segment changed" : "segment" },
        make("span", { className: "faint" }, "You shop like"),
        make("strong", { "data-segment": this.#segment }, this.#segment),
        changed && make("span", { className: "faint" }, `before: ${before}`),
      ),
      make("ul", { className: "shares", "aria-label": "How probable each kind of customer is" }, ...segments.slice(0, 6).map(share)),
      this.#reasons(),
    );
    return changed ? `You now shop like ${this.#segment}.` : "";
  }

  /** Reasons cost the model a hundred times an answer, so they are asked for by those who want them. */
  #reasons() {
    const list = make("ul", { className: "reasons-list" }, make("li", {}, "Looking for the reasons …"));
    const box = make("details", {}, make("summary", {}, "Why?"), list);
    const ask = async () => {
      const answer = await get(`users/${part(this.#shop.user())}/profile`).catch((error) => error);
      const lines = answer.reasons?.filter(({ weight }) => weight > 0).slice(0, reasonsShown).map(({ text }) => text);
      const words = lines ?? [answer.message];
      list.replaceChildren(...(words.length ? words : ["Nothing stands out."]).map((line) => make("li", {}, line)));
    };
    box.addEventListener("toggle", ask, { once: true });
    return box;
  }

  #showPicks(answer) {
    const before = this.#picks;
    this.#picks = new Set(answer.products.map((product) => product.product_id));
    const fresh = (product) => Boolean(before) && !before.has(product.product_id);
    id("picks").replaceChildren(
      ...answer.products.map((product) =>
        row(product, { fresh: fresh(product), open: (chosen) => this.#shop.open(chosen, answer) }),
      ),
    );
    id("picks-section").hidden = !answer.products.length;
    const count = answer.products.filter(fresh).length;
    return count ? `${count} of ${answer.products.length} picks for you are new.` : "";
  }

  #keepSeen(seen) {
    try {
      sessionStorage.setItem(seenKept, JSON.stringify(seen));
    } catch {
      // Shown on this page only for as long as the browser has room.
    }
    this.#showSeen(seen);
  }

  #showSeen(seen = this.seen) {
    id("clicks-count").textContent = seen.length;
    id("seen").replaceChildren(
      ...seen.slice(0, seenShown).map((event) =>
        make(
          "li",
          {},
          make("span", { className: "faint" }, `${verbs[event.type] ?? event.type} `),
          nameAndNote(event.title || event.id)[0],
        ),
      ),
    );
    id("seen-title").hidden = id("forget").hidden = !seen.length;
  }
}

function share({ label, probability }) {
  const bar = make("span", { className: "bar", "aria-hidden": "true" });
  bar.style.setProperty("--share", probability);
  return make(
    "li",
    {},
    make("span", { className: "label" }, label),
    bar,
    make("span", { className: "number" }, `${Math.round(100 * probability)} %`),
  );
}
