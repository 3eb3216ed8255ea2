// The page: what the server says is shown, what somebody does is asked of the server. All state is there;
// only who looks and from where is kept here, in the address, so that each tab has its own.

import { Bubbles } from "./bubbles.js";
import { Calls } from "./calls.js";
import { Composer } from "./composer.js";
import { closeDrawer, setUpDrawers } from "./drawers.js";
import { find } from "./elements.js";
import { Live } from "./live.js";
import { Places } from "./places.js";
import { loadWords, say } from "./words.js";

const TOAST_MS = 3500;
const TYPING_S = 5;

let frame = null;
let isConnected = false;
let startParameter = null; // of a link that was followed; "" is a link without one
let typing = { at: null, isShown: false, timer: 0 };
let toastTimer = 0;

await loadWords();
setUpDrawers();

const viewer = () => new URLSearchParams(location.hash.slice(1)).toString();
const live = new Live({ where: viewer, onNews: showNews, onConnection: showConnection });
const bubbles = new Bubbles({
  press: pressButton,
  reply: (message) => composer.reply(message),
  edit: (message) => composer.edit(message),
  link: followLink,
  command: (words) => ask("say", { text: words }),
});
const composer = new Composer({
  ask,
  viewer,
  latestOwn: () => bubbles.latestOwn(),
  onStartLink: offerStart,
  complain: showToast,
});
const calls = new Calls(ask);
const places = new Places(goTo);

find("start").addEventListener("click", () => {
  ask("start", { parameter: startParameter ?? "" });
  startParameter = null;
  showDoor();
});
find("forget").addEventListener("click", () => {
  find("question-text").textContent = say("forget_sure");
  // Escape leaves it as it was.
  find("question").returnValue = "";
  find("question").showModal();
});
find("question").addEventListener("close", async () => {
  if (find("question").returnValue === "yes" && (await ask("forget"))) showToast(say("forgotten"));
});
addEventListener("hashchange", () => {
  const query = new URLSearchParams(location.hash.slice(1));
  ask("be", { person: query.get("person"), place: query.get("place") });
});
// A panel that was closed could not be scrolled.
find("show-calls").addEventListener("click", () => calls.scrollToEnd());
live.connect();

// Ask the server for something; what goes wrong is shown, and undefined returned.
async function ask(action, request) {
  try {
    return await live.ask(action, request);
  } catch (error) {
    showToast(error.message);
    return undefined;
  }
}

function goTo(person, place) {
  location.hash = new URLSearchParams({ person, place });
  closeDrawer("places");
}

function showNews(news) {
  const isAnew = news.anew?.includes("messages");
  if (isAnew) bubbles.clear();
  if (news.anew?.includes("calls")) calls.clear();
  if (news.frame) showFrame(news.frame);
  if (news.messages) {
    bubbles.show(news.messages);
    if (news.messages.some((message) => message.bot)) showTyping(false);
  }
  if (isAnew) bubbles.scrollToEnd();
  if (news.calls) calls.show(news.calls);
  showDoor();
  find("chat").dataset.ready = frame ? `${frame.person} ${frame.place}` : "";
}

function showFrame(next) {
  const isElsewhere = frame && (frame.person !== next.person || frame.place !== next.place);
  if (isElsewhere && (next.place !== "private" || next.person !== frame.person)) startParameter = null;
  frame = next;
  if (!viewer()) history.replaceState(null, "", `#${new URLSearchParams({ person: frame.person, place: frame.place })}`);
  places.show(frame);
  composer.show(frame);
  calls.showFaults(frame.faults);
  find("description").textContent = frame.bot.description;
  if (frame.typing !== typing.at || isElsewhere) {
    typing.at = frame.typing;
    showTyping(frame.typing !== null && Date.now() / 1000 - frame.typing < TYPING_S);
  }
  showStatus();
}

function showConnection(is) {
  isConnected = is;
  showStatus();
}

function showTyping(is) {
  typing.isShown = is;
  clearTimeout(typing.timer);
  if (is) typing.timer = setTimeout(() => showTyping(false), TYPING_S * 1000);
  showStatus();
}

function showStatus() {
  const status = find("chat-status");
  status.classList.toggle("typing", typing.isShown);
  if (!isConnected) status.textContent = say("reconnecting");
  else if (!frame) status.textContent = "";
  else if (!frame.running) status.textContent = say("starting");
  else if (typing.isShown) status.textContent = say("typing");
  else {
    const here = frame.places.find((place) => place.key === frame.place);
    status.textContent = here.kind === "private" ? say("kind_private") : say("members", { count: here.members });
  }
}

// What stands before a chat: the bot's description, and START in the place of the text field.
function showDoor() {
  if (!frame) return;
  const isPrivate = frame.place === "private";
  find("about").hidden = !isPrivate || bubbles.size > 0 || !frame.bot.description;
  const isAtDoor = isPrivate && (!frame.started || startParameter !== null);
  if (isAtDoor === find("form").hidden) return;
  const hadFocus = find("composer").contains(document.activeElement);
  find("start").hidden = !isAtDoor;
  find("form").hidden = isAtDoor;
  if (hadFocus || (isAtDoor && startParameter !== null)) find(isAtDoor ? "start" : "text").focus();
}

// Links to the bot itself stay within the page: they lead to its private chat, and to START.
function followLink(url) {
  if (url.host !== "t.me" || url.pathname !== `/${frame.bot.username}`) return false;
  offerStart(url.searchParams.get("start") ?? "");
  return true;
}

function offerStart(parameter) {
  startParameter = parameter;
  if (frame.place !== "private") {
    goTo(frame.person, "private");
    return;
  }
  showDoor();
  find("start").focus();
}

async function pressButton(message, button, row, column) {
  if (button.kind === "callback_data") {
    const answer = await ask("press", { message: message.id, row, column });
    if (answer?.alert) showAlert(answer.note);
    else if (answer?.note) showToast(answer.note);
  } else if (button.kind.startsWith("switch_inline_query")) {
    composer.write(`@${frame.bot.username} ${button.value}`);
  } else if (button.kind === "copy_text") {
    await navigator.clipboard.writeText(button.value);
    showToast(say("copied"));
  }
}

function showToast(text) {
  const toast = find("toast");
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => toast.classList.remove("shown"), TOAST_MS);
}

function showAlert(text) {
  find("alert-text").textContent = text;
  find("alert").showModal();
}
