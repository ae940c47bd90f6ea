// Offers for the visitor: those that he or she most likely takes, asked for once a visit, as each showing counts.

import { get, part, post } from "./api.js";
import { make } from "./cards.js";

const shown = 3;

/**
 * Shows the best current offers; nothing where there are none.
 * @param {object} shop `user()` and `say(words)`.
 */
export async function showOffers(shop) {
  const section = document.getElementById("offers-section");
  const answer = await get(`users/${part(shop.user())}/offers`, { k: shown }).catch(() => ({ offers: [] }));
  section.hidden = !answer.offers.length;
  document.getElementById("offers").replaceChildren(...answer.offers.map((offer) => line(offer, answer, shop)));
}

function line(offer, answer, shop) {
  const words = offer.text || offer.offer_id;
  const button = make("button", { type: "button", "aria-label": `Take it: ${words}` }, "Take it");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await post("feedback", { user_id: shop.user(), request_id: answer.request_id, offer_id: offer.offer_id, outcome: "clicked" });
      button.textContent = "Taken";
      shop.say(`Taken: ${words}.`);
    } catch (error) {
      button.disabled = false;
      shop.say(error.message);
    }
  });
  return make("li", { className: "offer" }, make("span", {}, words), button);
}
