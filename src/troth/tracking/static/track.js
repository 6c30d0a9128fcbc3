// Follows the order: when something happens to it the page is loaded anew, without losing an open form.
"use strict";

const follow = () => {
  const order = document.getElementById("order");
  if (!order || !window.EventSource) return;
  const news = new EventSource(order.dataset.news);
  news.addEventListener("changed", async () => {
    const answer = await fetch(location.pathname + location.search.replace(/done=[^&]*&?/, ""), { credentials: "omit" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = document.getElementById("order");
    const next = page.getElementById("order");
    const isTyping = now.querySelector("details[open]") !== null;
    if (!next || next.innerHTML === now.innerHTML) return;
    if (isTyping) {
      // Whoever fills in a form keeps it: only what is shown above it is renewed.
      const shown = now.querySelectorAll(".shipment");
      const fresh = next.querySelectorAll(".shipment");
      if (shown.length === fresh.length) shown.forEach((one, at) => one.replaceWith(fresh[at]));
    } else {
      now.replaceWith(next);
    }
    const announce = document.getElementById("announce");
    announce.textContent = announce.dataset.changed;
  });
};

follow();
