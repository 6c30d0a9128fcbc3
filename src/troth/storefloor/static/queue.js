// What somebody does is kept on the phone until the server has it: each action with its key, in order, applied once.
"use strict";

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 30_000];
// A page that is on its way out may take with it what is not in the database yet: it is written down first, at once.
const LATE = "troth-store-late:";

const opened = new Promise((resolve, reject) => {
  const asking = indexedDB.open("troth-store", 1);
  asking.onupgradeneeded = () => {
    asking.result.createObjectStore("actions", { keyPath: "id", autoIncrement: true });
    asking.result.createObjectStore("refusals", { keyPath: "id", autoIncrement: true });
  };
  asking.onsuccess = () => resolve(asking.result);
  asking.onerror = () => reject(asking.error);
});

const inStore = async (name, mode, act) => {
  const transaction = (await opened).transaction(name, mode);
  const asked = act(transaction.objectStore(name));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(asked?.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
};
const keep = (name, value) => inStore(name, "readwrite", (store) => store.add(value));
const forget = (name, id) => inStore(name, "readwrite", (store) => store.delete(id));
const everything = (name) => inStore(name, "readonly", (store) => store.getAll());

let attempts = 0;
let timer = 0;
let needsLogin = false;

const sameWork = (one, other) => one.works.some((work) => other.works.includes(work));

const refuse = async (action, title, facts) => {
  await keep("refusals", { label: action.label, title, facts, at: action.at });
  await forget("actions", action.id);
};

// What was refused before is over once the same is done, or refused again.
const settle = async (action) => {
  for (const one of await everything("refusals")) if (one.label === action.label) await forget("refusals", one.id);
};

// What follows a refused step of the same work would be done to something else than its doer believed.
const dropFollowing = async (action) => {
  for (const later of await everything("actions")) {
    if (later.id > action.id && sameWork(action, later)) await refuse(later, `Not sent, since “${action.label}” was refused.`, []);
  }
};

// A session may have begun anew since the page was made; then its token is another one.
const refreshToken = async () => {
  const answer = await fetch(`${meta("base")}/?`, { redirect: "follow" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = page.querySelector('meta[name="csrf"]');
  if (!token) return false;
  document.querySelector('meta[name="csrf"]').content = token.content;
  return true;
};

const send = async (action, isSecond = false) => {
  const body = new URLSearchParams(action.fields);
  body.set("csrf", meta("csrf"));
  body.set("age", String(Math.max(0, Math.round((Date.now() - action.at) / 1000))));
  const answer = await fetch(action.url, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
  if (answer.type === "opaqueredirect") {
    needsLogin = true;
    return null;
  }
  if (answer.status === 403 && !isSecond && (await refreshToken())) return send(action, true);
  if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return null;
  needsLogin = false;
  if (answer.status === 200) return answer.json();
  return { next: "", refused: [{ title: answer.status === 404 ? "It is not here any more." : `It could not be taken (${answer.status}).`, facts: [] }] };
};

const flushOnce = async () => {
  let next = "";
  const works = [];
  for (;;) {
    const action = (await everything("actions")).find((one) => one.actor === meta("actor"));
    if (!action) return { isDone: true, next, works };
    let told = null;
    try {
      told = await send(action);
    } catch {
      // No network: the browser says no more than that.
    }
    if (told === null) return { isDone: false };
    attempts = 0;
    works.push(...action.works);
    await settle(action);
    if (told.refused.length) {
      for (const one of told.refused) await keep("refusals", { label: action.label, title: one.title, facts: one.facts, at: action.at });
      await forget("actions", action.id);
      await dropFollowing(action);
      next = "";
    } else {
      await forget("actions", action.id);
      next = told.next;
    }
    await render();
  }
};

// One tab at a time sends, so that the order holds.
const flush = async () => {
  window.clearTimeout(timer);
  const run = () => flushOnce();
  const result = navigator.locks ? await navigator.locks.request("troth-store-queue", run) : await run();
  await render();
  if (result.isDone) document.dispatchEvent(new CustomEvent("queue:empty", { detail: result }));
  else timer = window.setTimeout(flush, RETRY_MS[Math.min(attempts++, RETRY_MS.length - 1)]);
};

const element = (name, text, className = "") => {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
};

const render = async () => {
  const [actions, refusals] = [await everything("actions"), await everything("refusals")];
  const queue = document.getElementById("queue");
  if (!queue) return;
  queue.hidden = actions.length === 0;
  const list = document.createElement("ol");
  for (const action of actions) list.append(element("li", action.actor === meta("actor") ? action.label : `${action.label} (${action.actor})`));
  const head = element("p", `${actions.length} ${actions.length === 1 ? "action waits" : "actions wait"} for the network`, "queue-head");
  queue.replaceChildren(head, list);
  if (needsLogin) {
    const link = element("a", "Log in again to send them");
    link.href = `${meta("base")}/login?next=${encodeURIComponent(window.location.pathname)}`;
    queue.append(link);
  }
  const cards = refusals.map((one) => {
    const card = element("div", "", "notice notice-bad refusal");
    card.append(element("p", `${one.label}: not done`, "refusal-head"), element("p", one.title));
    for (const fact of one.facts) card.append(element("p", fact));
    const button = element("button", "Understood");
    button.type = "button";
    button.setAttribute("aria-label", `Understood: ${one.label}`);
    button.addEventListener("click", async () => {
      await forget("refusals", one.id);
      await render();
    });
    card.append(button);
    return card;
  });
  document.getElementById("refusals")?.replaceChildren(...cards);
};

const enqueue = async (form, submitter) => {
  const fields = [...new FormData(form, submitter)].filter(([name]) => name !== "csrf").map(([name, value]) => [name, String(value)]);
  const works = (form.dataset.work ?? "").split(" ").filter(Boolean);
  const action = { url: form.action, fields, works, label: form.dataset.label ?? "Action", actor: meta("actor"), at: Date.now() };
  const name = `${LATE}${action.at}-${Math.random()}`;
  localStorage.setItem(name, JSON.stringify(action));
  await keep("actions", action);
  localStorage.removeItem(name);
  await render();
};

// What the page before was keeping when it went; should it be kept twice, the server knows it by its key.
const takeLate = async () => {
  for (const name of Object.keys(localStorage).filter((one) => one.startsWith(LATE)).sort()) {
    const written = localStorage.getItem(name);
    if (written) await keep("actions", JSON.parse(written));
    localStorage.removeItem(name);
  }
};

window.addEventListener("online", () => flush());
document.addEventListener("DOMContentLoaded", async () => {
  await takeLate();
  await render();
  if ((await everything("actions")).length) await flush();
});
