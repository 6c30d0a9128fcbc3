// Keeps pages that were seen, so that a phone without a network can still open them. Actions are the page's business.
"use strict";

const PAGES = "troth-store-pages";
const FILES = "troth-store-files";
const WAIT_MS = 4_000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const isFresh = (answer) => answer.ok && !answer.redirected && answer.type === "basic";

const nothing = () =>
  new Response(
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>No network</title><h1>No network</h1><p>This page was not opened before. What you did is kept, and is sent as soon as there is a network.</p>',
    { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } },
  );

const fromNetwork = async (request) => {
  const kept = await caches.open(PAGES);
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), WAIT_MS);
  try {
    const answer = await fetch(request, { signal: patience.signal });
    if (isFresh(answer) && (answer.headers.get("content-type") ?? "").startsWith("text/html")) await kept.put(request.url, answer.clone());
    return answer;
  } catch {
    return (await kept.match(request.url)) ?? nothing();
  } finally {
    clearTimeout(timer);
  }
};

const fromHere = async (request) => {
  const kept = await caches.open(FILES);
  const known = await kept.match(request);
  const coming = fetch(request).then(async (answer) => {
    if (isFresh(answer)) await kept.put(request, answer.clone());
    return answer;
  });
  if (!known) return coming;
  coming.catch(() => {});
  return known;
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (request.method !== "GET" || pathname.endsWith("/events") || pathname.endsWith("/login")) return;
  if (pathname.includes("/static/")) event.respondWith(fromHere(request));
  else if (request.mode === "navigate" || request.headers.has("hx-request")) event.respondWith(fromNetwork(request));
});
