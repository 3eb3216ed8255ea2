// Text with entities, as the Bot API has them, as elements. Offsets count UTF-16 units, as JavaScript does.

import { make, makeIcon } from "./elements.js";
import { say } from "./words.js";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote",
};
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const SAFE = new Set(["http:", "https:", "mailto:"]);

// Fill an element. `folds` remembers which quotes are unfolded, `onLink(url)` may take a link over by
// returning true, `onCommand(command)` sends a command that was pressed.
export function fillText(parent, text, entities, { folds, onLink, onCommand }) {
  const context = { text, folds, onLink, onCommand };
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  fill(parent, 0, text.length, sorted, context);
}

function fill(parent, start, end, entities, context) {
  let position = start;
  let isAfterBlock = false;
  for (let index = 0; index < entities.length; index++) {
    const entity = entities[index];
    if (entity.offset < position || entity.offset >= end) continue;
    const stop = Math.min(entity.offset + entity.length, end);
    const inner = entities.slice(index + 1).filter((one) => one.offset < stop);
    const isBlock = BLOCKS.has(entity.type);
    addPlain(parent, context.text.slice(position, entity.offset), isAfterBlock, isBlock);
    parent.append(makeEntity(entity, stop, inner, context));
    position = stop;
    isAfterBlock = isBlock;
  }
  addPlain(parent, context.text.slice(position, end), isAfterBlock, false);
}

// A block begins and ends a line by itself: the line break beside it is not shown again.
function addPlain(parent, text, isAfterBlock, isBeforeBlock) {
  let shown = text;
  if (isAfterBlock && shown.startsWith("\n")) shown = shown.slice(1);
  if (isBeforeBlock && shown.endsWith("\n")) shown = shown.slice(0, -1);
  if (shown) parent.append(shown);
}

function makeEntity(entity, stop, inner, context) {
  const words = context.text.slice(entity.offset, stop);
  const element = makeElement(entity, words, context);
  if (entity.type === "expandable_blockquote") foldQuote(element, entity, stop, inner, context);
  else fill(element, entity.offset, stop, inner, context);
  return element;
}

function makeElement(entity, words, context) {
  const tag = TAGS[entity.type];
  if (tag) return make(tag);
  if (entity.type === "text_link") return makeLink(entity.url, context);
  if (entity.type === "url") return makeLink(/^\w+:\/\//.test(words) ? words : `https://${words}`, context);
  if (entity.type === "email") return makeLink(`mailto:${words}`, context);
  if (entity.type === "spoiler") return makeSpoiler();
  if (entity.type === "bot_command") {
    return make("button", { type: "button", class: "link", onclick: () => context.onCommand(words) });
  }
  return make("span", { class: entity.type });
}

function makeLink(address, context) {
  if (!URL.canParse(address) || !SAFE.has(new URL(address).protocol)) return make("span");
  const open = (event) => {
    if (context.onLink(new URL(address))) event.preventDefault();
  };
  return make("a", { href: address, target: "_blank", rel: "noopener noreferrer", onclick: open });
}

function makeSpoiler() {
  const show = (event) => event.currentTarget.classList.add("shown");
  return make("button", { type: "button", class: "spoiler", onclick: show });
}

function foldQuote(quote, entity, stop, inner, context) {
  const words = make("div", { class: "quoted" });
  fill(words, entity.offset, stop, inner, context);
  const button = make("button", { type: "button", class: "fold" }, makeIcon("fold"));
  const show = () => {
    const isOpen = context.folds.has(entity.offset);
    quote.classList.toggle("folded", !isOpen);
    button.setAttribute("aria-expanded", String(isOpen));
    button.setAttribute("aria-label", say(isOpen ? "fold" : "unfold"));
  };
  const toggle = () => {
    if (!context.folds.delete(entity.offset)) context.folds.add(entity.offset);
    show();
  };
  button.addEventListener("click", toggle);
  words.addEventListener("click", (event) => {
    if (!event.target.closest("a, button") && !String(getSelection())) toggle();
  });
  quote.classList.add("expandable");
  quote.append(words, button);
  show();
}

// A quote of three lines has nothing to unfold; how many it has is known once it is on the page.
export function settleQuotes(element) {
  for (const quote of element.querySelectorAll("blockquote.folded")) {
    const words = quote.querySelector(".quoted");
    quote.classList.toggle("short", words.scrollHeight <= words.clientHeight + 1);
  }
}
