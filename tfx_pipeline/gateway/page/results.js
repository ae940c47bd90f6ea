// Lists of products: what answers a query, and what the shop would show by itself.

import { get, part } from "./api.js";
import { card, lastLevel, make } from "./cards.js";
import { newId } from "./clicks.js";
import { readAs } from "./spelling.js";

export const shownFirst = 24;
const shownMost = 96;
const shelvesShown = 12;
const typedOut = 1_000;
export const filterNames = ["category", "max_price", "in_stock_only"];

// Tells the gateway that the query on the page is meant; null where it knows, or where there is none.
let tell = null;

/**
 * Says that the query which was typed last is meant: half a word is none, so nothing is logged as it is typed.
 * @returns {boolean} Whether there was one.
 */
export function settle() {
  const typed = tell !== null;
  tell?.();
  return typed;
}

/**
 * Shows what answers a query.
 * @param {HTMLElement} place Where.
 * @param {object} now The address: `q`, the `earlier_query` that it may add to, and the filters.
 * @param {object} shop `user()`, `cardButtons(answer)`, `open(product, answer)`, `clearFilters()`, `search(words)`, `show(how)`, `say(words)`, `stands(query)`.
 * @param {object} how `count` of products, and whether the query is still being `typed`.
 */
export async function showFound(place, now, shop, { count, typed }, signal) {
  const query = now.q.trim();
  const asked = { ...filtersOf(now), q: query, earlier_query: now.earlier_query, k: count, user_id: shop.user() };
  const answer = await get("search", { ...asked, typing: typed }, signal);
  const stands = () => shop.stands(answer.earlier_query || query);
  if (!typed) stands();
  tell = typed ? settling(asked, answer, stands, signal) : null;
  document.title = `${query} · Shelfwise`;
  const { products, groups } = answer;
  const read = answer.earlier_query ? "" : readAs(query, products);
  const meant = understood(answer, query, shop);
  if (!products.length) {
    place.replaceChildren(make("h1", {}, `Nothing found for “${query}”`), meant, emptyHelp(now, shop));
    shop.say(`Nothing found for ${query}.`);
    return;
  }
  const list = grid(products, answer, shop);
  place.replaceChildren(
    make("h1", {}, `Found for “${query}”`),
    make("p", { className: "faint" }, read && `Read as “${read}”. `, countOf(products, count), answer.events ? ", in an order for you" : ""),
    meant,
    groups.length > 1 ? groupChoice(groups, list, products, shop) : "",
    list,
    more(place, products, count, shop),
  );
  shop.say(`${countOf(products, count)}${read && `, read as ${read}`}. The first is ${products[0].title}.`);
}

/** What a query was understood to limit, and which earlier one it adds to, with a way back to its own words. */
function understood({ understood, earlier_query: earlier }, query, shop) {
  if (!understood && !earlier) return "";
  const button = make("button", { type: "button" }, earlier ? `Search for “${query}” alone` : "Search for the words instead");
  // By itself it may have limits of its own, which are undone next; what is in quotation marks has none.
  button.addEventListener("click", () => shop.search(earlier ? query : `"${query}"`));
  const limits = understood.split("; ").filter(Boolean);
  return make(
    "div",
    { className: "understood" },
    make("span", { className: "faint" }, earlier ? `Together with “${earlier}”${limits.length ? ", understood" : ""}` : "Understood"),
    limits.length ? make("ul", { "aria-label": "What was understood" }, ...limits.map((limit) => make("li", {}, limit))) : "",
    button,
  );
}

/**
 * Shows what the shop would show by itself: what it picks for the visitor, or what sells.
 * @param {object} shop As in `showFound`, and `has(model)`, `takes(type)`, `categories`, `browse(category)`.
 */
export async function showHome(place, now, shop, { count }, signal) {
  tell = null;
  document.title = "Shelfwise · shop";
  const shelves = shop.categories.length && !now.category ? categoryShelves(shop) : "";
  if (!shop.has("recommendation")) {
    const words = shop.has("search") ? "Type what you are looking for." : "No model that this page can show was pushed. `shelfwise run` trains and pushes them.";
    place.replaceChildren(make("h1", {}, "Welcome"), make("p", { className: "empty" }, words));
    return;
  }
  const answer = await get(`users/${part(shop.user())}/recommendations`, { ...filtersOf(now), k: count }, signal);
  const { products, events } = answer;
  place.replaceChildren(
    make("h1", {}, now.category ? lastLevel(now.category) : events ? "Picked for you" : "What sells well"),
    make("p", { className: "faint" }, reasonOf(answer, shop)),
    shelves,
    products.length ? grid(products, answer, shop) : emptyHelp(now, shop),
    more(place, products, count, shop),
  );
}

/** The filters of an address, as the gateway names them. */
export function filtersOf(now) {
  return Object.fromEntries(filterNames.map((name) => [name, now[name]]));
}

function settling(asked, answer, stands, signal) {
  const meant = () => {
    clearTimeout(timer);
    tell = null;
    stands();
    // Named here, so that a click which comes before the answer names it too.
    answer.request_id = newId();
    get("search", asked, undefined, answer.request_id).catch(() => {});
  };
  const timer = setTimeout(meant, typedOut);
  signal.addEventListener("abort", () => clearTimeout(timer));
  return meant;
}

function reasonOf({ events, model }, { takes }) {
  if (!model) return "What sells, as the shop's picks cannot be had just now.";
  if (events) return `From the ${events === 1 ? "one thing" : `${events} things`} you did here.`;
  return takes("view") ? "Look around: with each click, this fits you better." : "Buy something: with each purchase, this fits you better.";
}

function grid(products, answer, shop) {
  const open = (product) => shop.open(product, answer);
  const buttons = shop.cardButtons(answer);
  return make("ul", { className: "grid", id: "products" }, ...products.map((product) => card(product, { open, buttons, note: variantsOf(product) })));
}

function variantsOf({ variants = 1 }) {
  return variants > 1 ? `${variants} kinds` : "";
}

function countOf(products, count) {
  if (products.length === 1) return "One thing";
  return products.length < count ? `${products.length} things` : `The best ${products.length} things`;
}

function more(place, products, count, shop) {
  if (products.length < count || count >= shownMost) return "";
  const button = make("button", { type: "button", className: "more-button" }, "Show more");
  button.addEventListener("click", async () => {
    await shop.show({ count: Math.min(2 * count, shownMost) });
    place.querySelectorAll("#products .name")[count]?.focus();
  });
  return button;
}

function emptyHelp(now, shop) {
  if (!filterNames.some((name) => now[name])) {
    return make("p", { className: "empty" }, "Try other words, or fewer.");
  }
  const button = make("button", { type: "button" }, "Take the filters away");
  button.addEventListener("click", shop.clearFilters);
  return make("div", { className: "empty" }, make("p", {}, "Nothing here passes the filters."), button);
}

/** Buttons that show one group of the results, or all. */
function groupChoice(groups, list, products, shop) {
  const choice = make("div", { className: "groups", role: "group", "aria-label": "Groups of the results" });
  const groupOf = new Map(products.map((product) => [product.product_id, product.group]));
  const choose = (chosen, button) => {
    for (const other of choice.children) other.setAttribute("aria-pressed", String(other === button));
    for (const item of list.children) item.hidden = chosen !== null && groupOf.get(item.dataset.product) !== chosen;
    shop.say(`${[...list.children].filter((item) => !item.hidden).length} shown.`);
  };
  const add = (label, count, group) => {
    const number = make("span", { className: "count" }, count);
    const button = make("button", { type: "button", "aria-pressed": String(group === null) }, label, " ", number);
    button.addEventListener("click", () => choose(group, button));
    choice.append(button);
  };
  add("All", products.length, null);
  for (const { label, count, group } of groups) add(label, count, group);
  return choice;
}

function categoryShelves(shop) {
  const items = shop.categories.slice(0, shelvesShown).map((category) => {
    const button = make("button", { type: "button" }, category);
    button.addEventListener("click", () => shop.browse(category));
    return make("li", {}, button);
  });
  return make("nav", { "aria-label": "Categories" }, make("ul", { className: "categories" }, ...items));
}
