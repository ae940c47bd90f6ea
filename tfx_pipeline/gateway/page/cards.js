// How products look: a tile with a letter in the colour of its category, the title, the price.

/** Makes an element; properties that start with "aria-", "data-" or are unknown to the element become attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.includes("-") || name === "role" || name === "for") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child instanceof Node || typeof child === "number" || child));
  return element;
}

/** The price as people of here write it, without a currency, which no table has. */
export function priceText(price) {
  return price === null || price === undefined
    ? ""
    : price.toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** A title's name and what it says in brackets at its end. */
export function nameAndNote(title) {
  const found = /^(.*\S)\s*[(\uff08]([^()\uff08\uff09]*)[)\uff09]$/su.exec(title);
  return found ? [found[1], found[2]] : [title, ""];
}

/** The last and most exact level of a category. */
export function lastLevel(category) {
  return category.split(" > ").at(-1);
}

/** The square that stands where shops have a picture. */
export function tile(product) {
  const [name] = nameAndNote(product.title || product.product_id);
  const letter = /[\p{L}\p{N}]/u.exec(name)?.[0].toLocaleUpperCase() ?? "·";
  const square = make("span", { className: "tile", "aria-hidden": "true" }, make("span", { className: "letter" }, letter));
  const levels = product.category ? product.category.split(" > ") : [];
  const kind = levels[1] ?? levels[0] ?? "";
  if (kind) square.append(make("span", { className: "kind" }, kind));
  square.style.setProperty("--hue", hueOf(kind || letter));
  square.style.setProperty("--turn", `${Math.floor(hueOf(name)) % 16}`);
  return square;
}

/** The address of a product's page. */
export function productAddress(product) {
  return `?${new URLSearchParams({ product: product.product_id })}`;
}

/**
 * A product in a grid.
 * @param {object} product As the gateway answers.
 * @param {object} actions `open(product)` and `buttons`, a list of `{ label, act(product) }`.
 */
export function card(product, { open, buttons, note = "" }) {
  const [name, more] = nameAndNote(product.title || product.product_id);
  const link = make("a", { href: productAddress(product), className: "name", lang: languageOf(name) }, name);
  link.addEventListener("click", (event) => follow(event, () => open(product)));
  const price = priceText(product.price);
  return make(
    "li",
    { className: "card", "data-product": product.product_id },
    tile(product),
    link,
    more && make("span", { className: "more" }, more),
    note && make("span", { className: "why" }, note),
    make(
      "span",
      { className: "foot" },
      price ? make("span", { className: "price" }, price) : make("span", { className: "no-price" }, "Price on request"),
      product.in_stock === false && make("span", { className: "gone" }, "Out of stock"),
      ...buttons.map((button) => actionButton(button, product, name)),
    ),
  );
}

/** A product in a narrow list. */
export function row(product, { open, fresh = false }) {
  const [name] = nameAndNote(product.title || product.product_id);
  const link = make("a", { href: productAddress(product), className: "name", lang: languageOf(name) }, name);
  link.addEventListener("click", (event) => follow(event, () => open(product)));
  return make(
    "li",
    { className: fresh ? "row fresh" : "row", "data-product": product.product_id },
    tile(product),
    link,
    fresh && make("span", { className: "new" }, "new"),
    make("span", { className: "price" }, priceText(product.price)),
  );
}

/** A button that does something with a product; its name says with which. */
export function actionButton({ label, act, main = false }, product, name) {
  const button = make("button", { type: "button", className: main ? "main" : "", "aria-label": `${label}: ${name}` }, label);
  button.addEventListener("click", () => act(product));
  return button;
}

/** Lets a plain click stay on this page; one that opens another tab is the browser's. */
export function follow(event, go) {
  if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go();
}

/** The language of a text for fonts and for screen readers, where its script gives it away. */
export function languageOf(text) {
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)) return "ja";
  if (/\p{Script=Hangul}/u.test(text)) return "ko";
  if (/\p{Script=Han}/u.test(text)) return "zh";
  return undefined;
}

function hueOf(text) {
  let sum = 7;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)) % 65_521;
  // Turns by the golden angle lie far from each other.
  return (sum * 137.508) % 360;
}
