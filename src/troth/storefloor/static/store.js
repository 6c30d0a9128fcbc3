// What the store app does beyond links and forms. Its essential steps work without it.
"use strict";

// What is scanned is counted from nothing; without a script all of it is proposed.
const beginPick = () => {
  for (const stop of document.querySelectorAll("form[data-pick] .stop")) {
    for (const input of stop.querySelectorAll("input[data-want]")) input.value = "0";
    showStop(stop);
  }
};

document.addEventListener("click", (event) => {
  const button = event.target.closest(".less, .more");
  if (!button) return;
  const input = button.closest(".amount").querySelector("input[data-want]");
  const step = Number(button.closest(".stop").dataset.step) < 1 ? Number(button.closest(".stop").dataset.step) : 1;
  addTo(input, button.classList.contains("more") ? step : -step);
});
document.addEventListener("input", (event) => {
  if (event.target.matches("input[data-want]")) showStop(event.target.closest(".stop"));
});

// One more package by hand, with nothing in it yet.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-more-packages]");
  if (!button) return;
  const known = [...button.closest("[data-by-hand]").querySelectorAll(".parcel-by-hand")];
  const made = known[0].cloneNode(true);
  const number = known.length + 1;
  made.querySelector("legend").textContent = `Package ${number}`;
  for (const input of made.querySelectorAll("input")) {
    input.name = input.name.replace("~1", `~${number}`);
    input.value = input.name.startsWith("hand~") ? "0" : "";
  }
  known[known.length - 1].after(made);
  button.closest(".packing").querySelector("input[value='hand']").checked = true;
  made.querySelector("input").focus();
});

// The next step of a work is shown before the server knows of this one: somebody without a network goes on.
const goOn = (form) => {
  form.hidden = true;
  const step = form.dataset.step ?? "";
  const works = (form.dataset.work ?? "").split(" ");
  for (const card of document.querySelectorAll("[data-card]")) {
    if (!works.includes(card.dataset.card)) continue;
    card.classList.add("is-waiting");
    for (const aside of card.querySelectorAll(".aside, form[data-step='accept']")) aside.hidden = true;
    // What is proposed holds all that was asked for, and no longer fits what was found.
    const one = form.matches("[data-pick]") && form.querySelector(".stop[data-full='no']") && card.querySelector("input[name='packing'][value='one']");
    if (one) one.checked = true;
    if (step === "accept") form.hidden = true;
    else card.querySelector("form.step[hidden]:not([data-done])")?.removeAttribute("hidden");
  }
  form.dataset.done = "yes";
};

// On the way a form is kept, and sent as soon as it can be.
document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    if (!form.matches("form[data-queue]") || !window.indexedDB) return;
    event.preventDefault();
    event.stopPropagation();
    if (form.dataset.done) return;
    const pick = form.matches("[data-pick]") ? [...form.querySelectorAll(".stop[data-full='no']")] : [];
    const question = pick.length ? `Not everything is picked: ${pick.map((one) => one.dataset.name).join(", ")}. Report it as short?` : "";
    if (question && !window.confirm(question)) return;
    await enqueue(form, event.submitter);
    goOn(form);
    flush();
  },
  true,
);

// What somebody was filling in when the page came anew stands there again.
const TYPED = "troth-store-typed";
const openSteps = () => [...document.querySelectorAll("form.step[data-queue]:not([data-done])")].filter((form) => !form.hidden);
const named = (form, input) => `${form.dataset.work} ${form.dataset.step} ${input.name} ${input.type === "radio" || input.type === "checkbox" ? input.value : ""}`;
const typedIn = (form) => [...form.elements].filter((input) => input.name && input.type !== "hidden");
document.addEventListener("input", (event) => event.target.form?.setAttribute("data-filled", ""));
window.addEventListener("pagehide", () => {
  const filled = openSteps().filter((form) => form.hasAttribute("data-filled"));
  const typed = filled.flatMap((form) => typedIn(form).map((input) => [named(form, input), [input.value, input.checked]]));
  sessionStorage.setItem(TYPED, JSON.stringify(Object.fromEntries(typed)));
});
const typeAgain = () => {
  const typed = JSON.parse(sessionStorage.getItem(TYPED) ?? "{}");
  sessionStorage.removeItem(TYPED);
  for (const form of openSteps())
    for (const input of typedIn(form)) {
      const [value, checked] = typed[named(form, input)] ?? [input.value, input.checked];
      [input.value, input.checked] = [value, checked];
    }
};

// Once all is sent the page is what the server says it is, also where the page before sent it. A second look that finds
// nothing more to send must not call back who is on the way to where the last step led.
let isLeaving = false;
document.addEventListener("queue:empty", (event) => {
  const { next, works } = event.detail;
  const isShown = [...document.querySelectorAll("[data-card]")].some((card) => works.includes(card.dataset.card));
  if (!isShown && !document.querySelector("form[data-done]")) return;
  if (next) window.location.assign(next);
  else if (!isLeaving) window.location.reload();
  isLeaving = true;
});
window.addEventListener("pageshow", () => {
  isLeaving = false;
});

const showNetwork = () => {
  const isOnline = navigator.onLine;
  for (const field of document.querySelectorAll("[data-needs-network]")) {
    field.disabled = !isOnline;
    if (!isOnline && field.type === "radio" && field.checked) field.form.querySelector("input[name='by'][value='identity']").checked = true;
  }
  for (const hint of document.querySelectorAll("[data-offline]")) hint.hidden = isOnline;
  const live = document.getElementById("live");
  if (!live) return;
  if (isOnline) live.hidden = !document.getElementById("feed");
  else {
    live.hidden = false;
    live.dataset.live = "no";
    live.querySelector("span").textContent = "No network";
  }
};
window.addEventListener("online", showNetwork);
window.addEventListener("offline", showNetwork);

// A new task is heard, wherever the phone lies.
let known = null;
const hearTasks = () => {
  const list = document.getElementById("tasks");
  if (!list) return;
  const now = new Set([...list.querySelectorAll("li[id]")].map((one) => one.id));
  const fresh = known ? [...now].filter((id) => !known.has(id)) : [];
  known = now;
  if (!fresh.length) return;
  for (const id of fresh) document.getElementById(id).classList.add("fresh");
  announce(`${fresh.length} new ${fresh.length === 1 ? "task" : "tasks"}`);
  tone(880, 0.15);
  navigator.vibrate?.([60, 60, 60]);
};
document.addEventListener("htmx:after:swap", hearTasks);

document.addEventListener("submit", (event) => {
  // What was shown to somebody is not shown to who comes next.
  if (event.target.matches("[data-leave]")) window.caches?.delete("troth-store-pages");
});
document.addEventListener("click", (event) => {
  if (event.target.closest("#print")) window.print();
});

document.addEventListener("DOMContentLoaded", () => {
  beginPick();
  typeAgain();
  hearTasks();
  showNetwork();
  navigator.serviceWorker?.register(`${meta("base")}/worker.js`, { scope: `${meta("base")}/` }).catch(() => {});
});
