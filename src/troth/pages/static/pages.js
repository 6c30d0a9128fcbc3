// What all entrances do beyond links and forms. Every page works without it.
"use strict";

const announce = (text) => {
  const place = document.getElementById("announce");
  if (place) place.textContent = text;
};

// Times come in UTC; the reader sees their own.
const localize = (root) => {
  const day = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric" });
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
  for (const element of root.querySelectorAll("time[data-local]")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    element.textContent = element.dataset.local === "clock" ? clock.format(at) : `${day.format(at)}, ${clock.format(at)}`;
    element.removeAttribute("data-local");
  }
  const zone = document.getElementById("zone");
  if (zone) zone.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
};

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  else form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

document.addEventListener("htmx:after:swap", (event) => {
  localize(document);
  for (const row of document.querySelectorAll("[data-announce]")) {
    announce(row.dataset.announce);
    row.removeAttribute("data-announce");
  }
});

const showConnection = (isLive) => {
  const live = document.getElementById("live");
  if (!live) return;
  live.dataset.live = isLive ? "yes" : "no";
  live.querySelector("span").textContent = isLive ? "Live" : "Connecting";
};
document.addEventListener("htmx:sse:after:connection", () => showConnection(true));
document.addEventListener("htmx:sse:error", () => showConnection(false));
document.addEventListener("htmx:sse:close", () => showConnection(false));

document.addEventListener("DOMContentLoaded", () => {
  document.documentElement.classList.add("scripted");
  localize(document);
});
