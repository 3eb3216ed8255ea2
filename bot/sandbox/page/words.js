// The page's own words, in the language of the browser; words.json holds them all.

const LANGUAGES = ["en", "nb", "fr", "id", "de", "vi", "es", "pt", "ru", "zh", "ja", "ar"];
const RIGHT_TO_LEFT = new Set(["ar"]);
const NORWEGIAN = new Set(["no", "nn", "nb"]);

export const language = chooseLanguage(navigator.languages);
// English hours have two forms, and only the browser knows which one its owner reads.
const region = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;
let words = {};

function chooseLanguage(wanted) {
  for (const tag of wanted) {
    const primary = tag.toLowerCase().split("-")[0];
    const found = NORWEGIAN.has(primary) ? "nb" : primary;
    if (LANGUAGES.includes(found)) return found;
  }
  return "en";
}

export async function loadWords() {
  const every = await (await fetch("words.json")).json();
  words = every[language];
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
    if (element.localName === "button") element.title = say(element.dataset.label);
  }
  for (const element of document.querySelectorAll("[data-placeholder]")) {
    element.placeholder = say(element.dataset.placeholder);
  }
}

export function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function nameLanguage(code) {
  return new Intl.DisplayNames([language], { type: "language" }).of(code);
}

export function writeTime(seconds, withSeconds = false) {
  const form = { hour: "numeric", minute: "2-digit", ...(withSeconds ? { second: "2-digit" } : {}) };
  return new Date(seconds * 1000).toLocaleTimeString(region, form);
}

export function writeSize(bytes) {
  const [value, unit] = bytes < 1024 ? [bytes, "byte"] : bytes < 1048576 ? [bytes / 1024, "kilobyte"] : [bytes / 1048576, "megabyte"];
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}
