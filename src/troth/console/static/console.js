// What the console does beside what all entrances do. Every page works without it.
"use strict";

// "/" goes to the search, j and k through the rows, Enter opens one.
const rows = () => [...document.querySelectorAll("main [data-href]")];

const move = (step) => {
  const all = rows();
  if (!all.length) return;
  const now = all.indexOf(document.activeElement?.closest("[data-href]"));
  const next = all[Math.min(all.length - 1, Math.max(0, now < 0 ? 0 : now + step))];
  next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  } else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "Enter" && event.target.matches("[data-href]")) window.location.assign(event.target.dataset.href);
});

// A panel that somebody is working in is not replaced under their hands.
document.addEventListener("htmx:before:request", (event) => {
  const panel = event.target;
  if (!panel.matches?.("[data-quiet]")) return;
  const isBusy = panel.contains(document.activeElement) || panel.querySelector("details[open], form[data-touched]");
  if (isBusy) event.preventDefault();
});
document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-quiet] form");
  if (form) form.dataset.touched = "yes";
});

// A remark leads to its place in the text.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  const written = document.getElementById("written");
  if (!link || !written) return;
  event.preventDefault();
  const lines = written.value.split("\n");
  const line = Math.min(Number(link.dataset.line), lines.length);
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  const at = Math.min(start + Number(link.dataset.column) - 1, written.value.length);
  written.focus();
  written.setSelectionRange(at, at + 1);
  written.scrollTop = Math.max(0, (line - 6) * Number.parseFloat(getComputedStyle(written).lineHeight));
});
