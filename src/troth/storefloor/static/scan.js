// Scanning: a code is read by the camera, by a scanner that types, or by hand, and counted where it belongs.
"use strict";

const isGtin = (text) => {
  if (!/^(\d{8}|\d{12,14})$/.test(text)) return false;
  return [...text].reverse().reduce((sum, digit, place) => sum + Number(digit) * (place % 2 ? 3 : 1), 0) % 10 === 0;
};

// As the server compares them: a GTIN with 14 digits, whichever symbol it was in.
const scanKey = (text) => {
  let code = text.trim();
  if (code.length > 3 && code[0] === "]") code = code.slice(3);
  const after = code.slice(2, 16);
  if (code.startsWith("01") && after.length === 14 && isGtin(after)) return after;
  return isGtin(code) ? code.padStart(14, "0") : code;
};

let audio = null;
const tone = (hertz, seconds) => {
  try {
    audio ??= new AudioContext();
    const [source, volume] = [audio.createOscillator(), audio.createGain()];
    source.frequency.value = hertz;
    volume.gain.value = 0.2;
    source.connect(volume).connect(audio.destination);
    source.start();
    source.stop(audio.currentTime + seconds);
  } catch {
    // A phone that makes no sound still shows and vibrates.
  }
};

const tell = (text, isGood) => {
  const place = document.getElementById("scanned");
  if (place) {
    place.textContent = text;
    place.dataset.good = isGood ? "yes" : "no";
    place.setAttribute("role", isGood ? "status" : "alert");
  }
  tone(isGood ? 1_320 : 180, isGood ? 0.08 : 0.5);
  navigator.vibrate?.(isGood ? 40 : [180, 80, 180]);
};

const amount = (input) => Number(input.value.replace(",", ".")) || 0;

const showStop = (stop) => {
  const inputs = [...stop.querySelectorAll("input[data-want]")];
  const got = inputs.reduce((sum, input) => sum + amount(input), 0);
  const want = inputs.reduce((sum, input) => sum + Number(input.dataset.want), 0);
  stop.querySelector(".got").textContent = `${got} of `;
  stop.dataset.full = got >= want ? "yes" : "no";
  for (const wanted of stop.querySelectorAll(".want")) {
    const why = wanted.querySelector(".why");
    const own = inputs.filter((input) => wanted.contains(input));
    if (why) why.hidden = own.reduce((sum, input) => sum + amount(input), 0) >= Number(own[0].dataset.most);
  }
};

// Of one lot there may be more than was planned, of all lots together not.
const addTo = (input, step) => {
  const others = [...input.closest(".want").querySelectorAll("input[data-want]")].filter((one) => one !== input);
  const most = Number(input.dataset.most) - others.reduce((sum, one) => sum + amount(one), 0);
  const value = Math.min(most, Math.max(0, amount(input) + step));
  input.value = String(Math.round(value * 1_000_000) / 1_000_000);
  showStop(input.closest(".stop"));
};

// What a GS1 symbol says of the lot, after the number of the item.
const lotIn = (text) => /^(?:\]..)?01\d{14}(?:1[1-7]\d{6})*10([^\x1d]{1,20})/.exec(text.trim())?.[1] ?? "";

// A parcel is found by its tracking number or by the number of the package.
const parcelCame = (code) => {
  const box = [...document.querySelectorAll(".parcel")].find((one) => JSON.parse(one.dataset.keys).some((key) => key.toLowerCase() === code.trim().toLowerCase()));
  if (!box) {
    tell(`${code} is not part of this order.`, false);
    return;
  }
  const input = box.querySelector("input");
  const isNew = !input.checked;
  input.checked = true;
  tell(isNew ? `${box.textContent.trim()}: came in` : `${box.textContent.trim()} was here already.`, isNew);
};

// The serial number of the unit that was scanned last.
let lastSerialized = null;
const serialOf = (code) => {
  const field = lastSerialized?.closest(".want").querySelector(".serials textarea");
  const known = field?.value.split(/\s+/).filter(Boolean) ?? [];
  if (!field || known.length >= amount(lastSerialized) || known.includes(code.trim())) return false;
  field.value = [...known, code.trim()].join("\n");
  tell(`Serial ${code.trim()}: ${known.length + 1} of ${amount(lastSerialized)}`, true);
  return true;
};

const inputFor = (stop, lot) => {
  const isOpen = (want) => [...want.querySelectorAll("input[data-want]")].reduce((sum, one) => sum + amount(one), 0) < Number(want.querySelector("input[data-want]").dataset.most);
  const want = [...stop.querySelectorAll(".want")].find(isOpen);
  if (!want) return null;
  const inputs = [...want.querySelectorAll("input[data-want]")];
  const named = inputs.find((one) => lot && one.closest(".amount").dataset.lot === lot);
  return named ?? inputs.find((one) => amount(one) < Number(one.dataset.want)) ?? inputs[0];
};

const scanned = async (code) => {
  if (document.querySelector("form:not([hidden]) [data-parcels]")) {
    parcelCame(code);
    return;
  }
  const key = scanKey(code);
  const stops = [...document.querySelectorAll(".stop")];
  const stop = stops.find((one) => JSON.parse(one.dataset.keys).includes(key));
  if (!stop) {
    if (serialOf(code)) return;
    tell(`${code} is not part of this pick.`, false);
    const name = await nameOf(code);
    if (name) tell(`Wrong item: ${name} is not part of this pick.`, false);
    return;
  }
  const input = inputFor(stop, lotIn(code));
  if (!input) {
    tell(`Enough: all of ${stop.dataset.name} is picked already.`, false);
    return;
  }
  addTo(input, 1);
  if (stop.hasAttribute("data-serialized")) lastSerialized = input;
  const tote = input.closest(".want").querySelector("legend").textContent;
  const { lot } = input.closest(".amount").dataset;
  tell(`${stop.dataset.name}: ${amount(input)} of ${lot ? `lot ${lot}` : input.dataset.most}, ${tote}`, true);
  stop.scrollIntoView({ block: "nearest" });
};

const nameOf = async (code) => {
  try {
    const answer = await fetch(`${window.location.pathname.replace(/\/(walk|work\/.*)$/, "")}/code?q=${encodeURIComponent(code)}`);
    return answer.ok ? (await answer.json()).name : "";
  } catch {
    return "";
  }
};

// A scanner that types ends with Enter and does not care where the cursor is; what a hand begins and leaves is forgotten.
const BETWEEN_KEYS_MS = 2_000;
const CODE_MIN = 3;
let typed = "";
let typedAt = 0;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !document.querySelector(".stop, .parcel")) return;
  if (event.target.closest("input, textarea, select, summary, a") && event.target.id !== "scan") return;
  if (event.target.id === "scan") {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const code = event.target.value;
    event.target.value = "";
    if (code.trim()) scanned(code);
    return;
  }
  if (event.timeStamp - typedAt > BETWEEN_KEYS_MS) typed = "";
  typedAt = event.timeStamp;
  if (event.key === "Enter") {
    if (typed.length < CODE_MIN) return;
    event.preventDefault();
    scanned(typed);
    typed = "";
  } else if (event.key.length === 1) typed += event.key;
});

// The camera: by the browser's own detector where it has one, else by a library that is fetched only then.
const FORMATS = ["ean_13", "ean_8", "upc_a", "upc_e", "code_128", "code_39", "itf", "qr_code", "data_matrix"];
const READERS = ["ean_reader", "ean_8_reader", "upc_reader", "upc_e_reader", "code_128_reader", "code_39_reader"];
const EVERY_MS = 250;
const AGAIN_MS = 1_500;

const loadScript = (src) =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.head.append(script);
  });

const makeReader = async () => {
  if ("BarcodeDetector" in window) {
    const known = await BarcodeDetector.getSupportedFormats();
    const formats = FORMATS.filter((one) => known.includes(one));
    if (formats.length) {
      const detector = new BarcodeDetector({ formats });
      return async (video) => (await detector.detect(video))[0]?.rawValue ?? "";
    }
  }
  if (!window.Quagga) await loadScript(`${meta("base")}/static/vendor/quagga.min.js`);
  const canvas = document.createElement("canvas");
  return (video) => {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    return new Promise((resolve) => {
      Quagga.decodeSingle(
        { src: canvas.toDataURL("image/png"), numOfWorkers: 0, locate: true, decoder: { readers: READERS }, inputStream: { size: 800 } },
        (found) => resolve(found?.codeResult?.code ?? ""),
      );
    });
  };
};

const stopCamera = (video) => {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  video.hidden = true;
};

const watch = async (video, read) => {
  let last = "";
  let lastAt = 0;
  while (video.srcObject) {
    const code = video.videoWidth ? await read(video) : "";
    // A code stays before the camera for a while, and is one unit only.
    if (code && (code !== last || performance.now() - lastAt > AGAIN_MS)) {
      last = code;
      lastAt = performance.now();
      await scanned(code);
    } else if (code) lastAt = performance.now();
    await new Promise((resolve) => window.setTimeout(resolve, EVERY_MS));
  }
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("#camera");
  if (!button) return;
  const video = document.getElementById("viewer");
  if (video.srcObject) {
    stopCamera(video);
    return;
  }
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.hidden = false;
    await video.play();
    watch(video, await makeReader());
  } catch {
    stopCamera(video);
    tell("The camera cannot be used here. Type the code, or use a scanner.", false);
  }
});
window.addEventListener("pagehide", () => {
  const video = document.getElementById("viewer");
  if (video) stopCamera(video);
});
