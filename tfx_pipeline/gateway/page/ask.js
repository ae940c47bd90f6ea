// The box for questions to the shop.

import { post } from "./api.js";
import { make } from "./cards.js";

const earlierSent = 6;

/**
 * Lets the visitor ask.
 * @param {object} shop `user()`, `productId()` (the product on the page, "" for none) and `search(text)`.
 */
export function startAsking(shop) {
  const form = document.getElementById("ask");
  const question = document.getElementById("question");
  const talk = document.getElementById("talk");
  const turns = [];

  const say = (who, className, ...what) => {
    talk.append(make("p", { className }, make("span", { className: "unseen" }, `${who}: `), ...what.filter(Boolean)));
    talk.scrollTop = talk.scrollHeight;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = question.value.trim();
    if (!text) return;
    say("You", "mine", text);
    question.value = "";
    try {
      const reply = await post("ask", {
        question: text,
        earlier: turns.slice(-earlierSent),
        product_id: shop.productId(),
        user_id: shop.user(),
      });
      turns.push(text);
      say("The shop", "theirs", ...answerOf(reply, text, shop.search));
      if (!reply.hand_over && !reply.wants_products && reply.answers.length) turns.push(reply.answers[0].text);
    } catch (error) {
      question.value = text;
      say("The shop", "theirs trouble", `${error.message} Your question is still in the box.`);
    }
  });
}

function answerOf(reply, text, search) {
  const slots = Object.entries(reply.slots).map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`);
  const noted = slots.length ? ` (I have noted ${slots.join(" and ")}.)` : "";
  if (reply.wants_products) {
    const button = make("button", { type: "button" }, "Look for it");
    button.addEventListener("click", () => search(text));
    return [`That sounds like something from our shelves. ${noted}`, button];
  }
  if (reply.hand_over || !reply.answers.length) {
    const [best] = reply.answers;
    return [
      `I am not sure enough to answer that, so one of our people takes over here.${noted}`,
      best &&
        make(
          "details",
          {},
          make("summary", {}, `What comes nearest (${Math.round(100 * best.score)} %)`),
          make("p", {}, best.text),
        ),
    ];
  }
  return [reply.answers[0].text + noted];
}
