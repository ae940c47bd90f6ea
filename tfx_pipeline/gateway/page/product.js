// The page of a product: what it is, why it was found, what is like it and what goes with it.

import { get, part } from "./api.js";
import { actionButton, card, languageOf, lastLevel, make, nameAndNote, priceText, tile } from "./cards.js";

const shown = 8;
const reasonsShown = 3;

/**
 * Shows a product.
 * @param {HTMLElement} place Where.
 * @param {object} product As far as it is known: its id at the least.
 * @param {object} shop `user()`, `has`, `buttons()`, `cardButtons(answer)`, `open(product, answer)`, `browse(category)`, `back()`, `query`.
 * @returns {Promise<void>} Done when all of it is there.
 */
export async function showProduct(place, product, shop, signal) {
  const { product: known, words } = await get(`products/${part(product.product_id)}`, { q: shop.has("search") ? shop.query : "" }, signal);
  const [name, more] = nameAndNote(known.title || known.product_id);
  const heading = make("h1", { tabIndex: -1, lang: languageOf(name) }, name);
  const back = make("button", { type: "button", className: "quiet back" }, shop.query ? "← Back to the results" : "← Back");
  back.addEventListener("click", shop.back);
  const price = priceText(known.price);
  const similar = shelf("Like this", "similar");
  const together = shelf("Goes with it", "together");
  const own = make("div", { className: "reasons", hidden: true });
  place.replaceChildren(
    back,
    make(
      "article",
      { className: "product", "data-product": known.product_id },
      tile(known),
      make(
        "div",
        {},
        known.category && trail(known.category, shop.browse),
        heading,
        more && make("p", { className: "more" }, more),
        make(
          "p",
          { className: "facts" },
          make("span", { className: price ? "price" : "no-price" }, price || "Price on request"),
          known.in_stock !== null && make("span", { className: known.in_stock ? "there" : "gone" }, known.in_stock ? "In stock" : "Out of stock"),
          known.brand && make("span", { className: "faint" }, `Brand: ${known.brand}`),
        ),
        make("p", { className: "buttons" }, ...shop.buttons().map((button) => actionButton(button, known, name))),
        own,
        why(words, shop.query),
      ),
    ),
    together,
    similar,
  );
  document.title = name;
  heading.focus({ preventScroll: true });
  scrollTo({ top: 0 });
  if (!shop.has("recommendation")) return;
  const id = known.product_id;
  await Promise.all([
    whyForYou(own, id, shop, signal),
    fill(together, get("together", { product_ids: id, k: shown, user_id: shop.user() }, signal), shop, togetherNote, "Bought too rarely to say what goes with it."),
    fill(similar, get(`products/${part(id)}/similar`, { k: shown, user_id: shop.user() }, signal), shop, ({ category }) => (category === known.category ? "" : lastLevel(category)), "Bought too rarely to say what is like it."),
  ]);
}

function shelf(title, name) {
  return make("section", { className: "shelf", "data-shelf": name, hidden: true }, make("h2", {}, title), make("ul", { className: "grid" }));
}

async function fill(section, asked, shop, noteOf, empty) {
  const list = section.querySelector("ul");
  let answer;
  try {
    answer = await asked;
  } catch (error) {
    if (error.name === "AbortError") return;
    list.replaceWith(make("p", { className: "empty" }, error.message));
    section.hidden = false;
    return;
  }
  section.hidden = false;
  if (!answer.products.length) {
    list.replaceWith(make("p", { className: "empty" }, empty));
    return;
  }
  const open = (chosen) => shop.open(chosen, answer);
  list.append(...answer.products.map((product) => card(product, { open, buttons: shop.cardButtons(answer), note: noteOf(product) })));
}

function trail(category, browse) {
  const levels = category.split(" > ");
  const links = levels.map((level, at) => {
    const button = make("button", { type: "button", className: "quiet" }, level);
    button.addEventListener("click", () => browse(levels.slice(0, at + 1).join(" > ")));
    return make("li", {}, button);
  });
  return make("nav", { "aria-label": "Category" }, make("ol", { className: "trail" }, ...links));
}

/** What the visitor did that speaks for the product; nothing where nothing does. */
async function whyForYou(place, id, shop, signal) {
  const { reasons } = await get(`users/${part(shop.user())}/reasons`, { product_id: id }, signal).catch(() => ({ reasons: [] }));
  const mine = reasons.filter(({ product_id: about, weight }) => about && weight > 0).slice(0, reasonsShown);
  if (!mine.length) return;
  const list = make("ul", { className: "reasons-list" }, ...mine.map(({ text }) => make("li", {}, text[0].toLocaleUpperCase() + text.slice(1))));
  place.append(make("h2", {}, "Why it may be for you"), list);
  place.hidden = false;
}

/** What each word of the search has to do with the product. */
function why(words, query) {
  const strong = words.filter(({ weight }) => weight > 0).slice(0, 6);
  if (!query || !strong.length) return null;
  const most = strong[0].weight;
  return make(
    "div",
    { className: "reasons" },
    make("h2", {}, "Why it was found"),
    make("p", { className: "faint" }, `You searched for “${query}”. The longer the bar, the more the word did.`),
    make(
      "ul",
      { className: "shares" },
      ...strong.map(({ text, weight }) => {
        const bar = make("span", { className: "bar", "aria-hidden": "true" });
        bar.style.setProperty("--share", weight / most);
        return make("li", {}, make("span", { className: "label" }, text), bar);
      }),
    ),
  );
}

function togetherNote({ source, confidence }) {
  const of100 = Math.max(1, Math.round(100 * confidence));
  if (source === "product rules") return `In ${of100} of 100 baskets with it`;
  if (source === "category rules") return `In ${of100} of 100 baskets with something like it`;
  return "Often bought next";
}
