// The shop: reads the address, shows what is there, and sends what the visitor does.

import { ShopError, get, part, remove, useKey } from "./api.js";
import { startAsking } from "./ask.js";
import { make } from "./cards.js";
import { Clicks } from "./clicks.js";
import { showOffers } from "./offers.js";
import { showProduct } from "./product.js";
import { filterNames, settle, showFound, showHome, shownFirst } from "./results.js";
import { Visit } from "./visit.js";
import { keptVisitor, newVisitor } from "./visitor.js";

const pauseOfTyping = 180;
const retryPause = 3_000;
// Characters that an event's query may have.
const longestQuery = 512;
const nowhere = { q: "", earlier_query: "", category: "", max_price: "", in_stock_only: false, product: "" };

const id = (name) => document.getElementById(name);
const main = id("main");
const form = { query: id("query"), category: id("category"), max_price: id("max-price"), in_stock_only: id("in-stock") };

let health = { models: {}, event_types: [], bought_event_type: "", categories: [] };
let visitor = keptVisitor();
let asking = new AbortController();
let typing = 0;
// The last query that was meant and stood by itself: "cheaper ones" adds to it.
let standing = "";
// The product that was opened last, and the answer that it was shown in.
let opened = { product: null, answer: null };

const shop = {
  user: () => visitor,
  has: (model) => model in health.models || (away() && model === "recommendation"),
  takes: (type) => !health.event_types.length || health.event_types.includes(type),
  get categories() {
    return health.categories;
  },
  say: (words) => words && (id("spoken").textContent = words),
  back: () => (history.state?.inside ? history.back() : go({ product: "" })),
  productId: () => state().product,
  buttons,
  cardButtons: (answer) => buttons(answer).slice(-1),
  open,
  show,
  browse: (category) => go({ ...nowhere, category }).then(() => main.focus()),
  stands: (query) => (standing = query),
  search: (q) => go({ q, earlier_query: "", product: "" }).then(() => main.focus()),
  clearFilters: () => go({ category: "", max_price: "", in_stock_only: false }),
};
const visit = new Visit(shop);
const clicks = new Clicks({
  changed: () => {
    visit.refresh();
    if (document.body.dataset.view === "home") showAgain();
    else visit.showPicks();
  },
  held: (count) => notice(count && `The shop does not answer just now. ${count === 1 ? "What you did last is" : `The last ${count} things you did are`} kept here and sent again.`),
  refused: (message) => notice(`The shop could not take that. ${message}`),
});

// The address

function state() {
  const given = new URLSearchParams(location.search);
  const texts = Object.fromEntries(["q", "earlier_query", "category", "max_price", "product"].map((name) => [name, given.get(name) ?? ""]));
  return { ...texts, in_stock_only: given.get("in_stock_only") === "true" };
}

function go(changes, { replace = false, typed = false } = {}) {
  if (!typed) settle();
  const next = Object.entries({ ...state(), ...changes }).filter(([, value]) => value !== "" && value !== false);
  const address = next.length ? `?${new URLSearchParams(next)}` : location.pathname;
  if (replace) history.replaceState(history.state, "", address);
  else history.pushState({ inside: true }, "", address);
  return show({ typed });
}

/** The query that stands in the box, beside the one that it may add to. */
function asked() {
  const q = form.query.value;
  return { q, earlier_query: q.trim() === standing || q.trim() === "" ? "" : standing, product: "" };
}

// What is shown

async function show({ count = shownFirst, typed = false } = {}) {
  clearTimeout(typing);
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const now = state();
  fillForm(now);
  const view = now.product ? "product" : now.q.trim() && shop.has("search") ? "search" : "home";
  document.body.dataset.view = view;
  main.setAttribute("aria-busy", "true");
  try {
    if (view === "product") {
      const known = opened.product?.product_id === now.product ? opened.product : { product_id: now.product };
      const found = !opened.answer || opened.answer.query;
      await showProduct(main, known, { ...shop, query: found ? now.q.trim() : "" }, signal);
    } else if (view === "search") await showFound(main, now, shop, { count, typed }, signal);
    else await showHome(main, now, shop, { count }, signal);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof ShopError)) throw error;
    showTrouble(error, count);
  }
  if (signal.aborted) return;
  main.removeAttribute("aria-busy");
  if (view !== "home") visit.showPicks();
}

function fillForm(now) {
  offerCategory(now.category);
  form.category.value = now.category;
  form.in_stock_only.checked = now.in_stock_only;
  // What is being typed into stays as it is.
  if (document.activeElement !== form.query) form.query.value = now.q;
  if (document.activeElement !== form.max_price) form.max_price.value = now.max_price;
  id("clear-filters").hidden = !filterNames.some((name) => now[name]);
}

function offerCategory(category) {
  if ([...form.category.options].some((option) => option.value === category)) return;
  form.category.append(make("option", { value: category }, category));
}

/** Shows what has changed, and leaves the keyboard where it is as far as that is still there. */
async function showAgain() {
  const active = document.activeElement;
  const item = active?.closest?.("#products [data-product]");
  await show();
  if (!item) return;
  const same = itemOf(item.dataset.product)?.querySelector(active.matches("button") ? "button" : ".name");
  (same ?? main).focus({ preventScroll: true });
}

function itemOf(product) {
  return [...main.querySelectorAll("[data-product]")].find((element) => element.dataset.product === product);
}

function showTrouble(error, count) {
  if (error.status === 401) {
    askForKey(error);
    return;
  }
  const again = make("button", { type: "button" }, "Try again");
  again.addEventListener("click", () => show({ count }));
  const title = error.status === 404 ? "That is not here" : "That did not work";
  main.replaceChildren(make("h1", {}, title), make("p", { className: "empty", role: "alert" }, error.message), again);
  if (error.passing) setTimeout(() => main.contains(again) && show({ count }), Math.max(retryPause, error.waitSeconds * 1_000));
}

function askForKey(error) {
  const key = make("input", { type: "password", id: "key", autocomplete: "off", required: true });
  const ask = make("form", { className: "key" }, make("label", { for: "key" }, "Key"), key, make("button", { type: "submit" }, "Open the shop"));
  ask.addEventListener("submit", (event) => {
    event.preventDefault();
    useKey(key.value.trim());
    showAll();
  });
  main.replaceChildren(make("h1", {}, "This shop wants a key"), make("p", { className: "empty", role: "alert" }, error.message), ask);
}

function notice(words) {
  const place = id("notice");
  place.hidden = !words;
  place.textContent = words || "";
}

// What the visitor does

function buttons(answer = null) {
  const bought = health.bought_event_type || "purchase";
  const once = (product) => ({ quantity: 1, price: product.price ?? undefined });
  return [
    shop.takes("cart") && { label: "Add to basket", act: (product) => act(product, "cart", answer) },
    { label: "Buy", main: true, act: (product) => act(product, bought, answer, once(product)) },
  ].filter(Boolean);
}

function act(product, type, answer, details = {}) {
  settle();
  const shownIn = answer ?? (opened.product?.product_id === product.product_id ? opened.answer : null);
  visit.note(product, type);
  clicks.add({
    user_id: visitor,
    product_id: product.product_id,
    event_type: type,
    request_id: shownIn?.request_id,
    // What a query found, and nothing that was found by another product's page meanwhile. One that adds to an earlier one
    // says too little to learn from.
    query: shownIn?.earlier_query ? undefined : shownIn?.query && [...shownIn.query].slice(0, longestQuery).join(""),
    ...details,
  });
  if (type === "cart") shop.say(`In the basket: ${product.title}.`);
  else if (type !== "view") shop.say(`Bought: ${product.title}.`);
}

function open(product, answer) {
  opened = { product, answer };
  if (shop.takes("view")) act(product, "view", answer);
  // For the way back: where this page stood.
  history.replaceState({ ...history.state, opened: product.product_id, top: scrollY }, "");
  return go({ product: product.product_id });
}

async function forget() {
  try {
    await remove(`users/${part(visitor)}`);
  } catch (error) {
    notice(`Your visit could not be forgotten. ${error.message}`);
    return;
  }
  clicks.clear();
  visitor = newVisitor();
  visit.clear();
  await Promise.all([visit.refresh(), show()]);
  shop.say("Your visit is forgotten.");
}

// The frame

function listen() {
  const typedIn = (field, pause, change) =>
    field.addEventListener("input", () => {
      clearTimeout(typing);
      if (field.validity.valid) typing = setTimeout(change, pause);
    });
  typedIn(form.query, pauseOfTyping, () => go(asked(), { replace: !state().product, typed: true }));
  typedIn(form.max_price, 2 * pauseOfTyping, () => go({ max_price: form.max_price.value, product: "" }, { replace: !state().product }));
  id("search").addEventListener("submit", (event) => {
    event.preventDefault();
    // What is on the page already is not asked for again, and so not logged twice.
    if (form.query.value !== state().q || !settle()) go(asked());
  });
  id("filters").addEventListener("submit", (event) => event.preventDefault());
  form.category.addEventListener("change", () => go({ category: form.category.value, product: "" }));
  form.in_stock_only.addEventListener("change", () => go({ in_stock_only: form.in_stock_only.checked, product: "" }));
  id("clear-filters").addEventListener("click", shop.clearFilters);
  id("forget").addEventListener("click", forget);
  document.querySelector(".brand").addEventListener("click", (event) => {
    event.preventDefault();
    go(nowhere);
  });
  addEventListener("popstate", async () => {
    const now = state();
    [form.query.value, form.max_price.value] = [now.q, now.max_price];
    await show();
    const { opened: product, top } = history.state ?? {};
    if (!product) return;
    itemOf(product)?.querySelector(".name")?.focus({ preventScroll: true });
    scrollTo({ top });
  });
}

async function start() {
  try {
    health = await get("health");
  } catch (error) {
    const words = `${error.message} This page tries again by itself.`;
    main.replaceChildren(make("h1", {}, "The shop is closed for a moment"), make("p", { className: "empty", role: "alert" }, words));
    setTimeout(start, retryPause);
    return;
  }
  for (const category of health.categories) offerCategory(category);
  if (shop.has("support") && id("ask-section").hidden) {
    startAsking(shop);
    id("ask-section").hidden = false;
  }
  if (shop.has("response")) showOffers(shop);
  await showAll();
  if (away()) waitForModels();
}

async function waitForModels() {
  await new Promise((resolve) => setTimeout(resolve, retryPause));
  const { status } = await get("health").catch(() => health);
  if (status === "degraded") waitForModels();
  else start();
}

/** Whether no model answers: the gateway then says what sells, until they are back. */
function away() {
  return health.status === "degraded";
}

function showAll() {
  return Promise.all([show(), visit.refresh(), clicks.send()]);
}

history.scrollRestoration = "manual";
listen();
start();
