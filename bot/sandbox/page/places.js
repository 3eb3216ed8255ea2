// Who I am and where I am: the two lists beside the chat, and the chat's heading.

import { find, make, makeFace } from "./elements.js";
import { nameLanguage, say } from "./words.js";

export class Places {
  constructor(onChoose) {
    this.onChoose = onChoose;
  }

  show(frame) {
    const people = frame.people.map((person, number) => {
      const language = nameLanguage(person.language);
      const about = person.admin ? `${language}, ${say("admin")}` : language;
      const choose = () => this.onChoose(person.key, frame.place);
      return drawItem(person.name, about, number, person.key === frame.person, choose);
    });
    replaceItems(find("people-list"), people);
    const places = frame.places.map((place, number) => {
      const title = place.of ? `${place.of} › ${place.title}` : place.title;
      const choose = () => this.onChoose(frame.person, place.key);
      return drawItem(title, place.preview || say(`kind_${place.kind}`), number + 3, place.key === frame.place, choose);
    });
    replaceItems(find("places-list"), places);
    const here = frame.places.find((place) => place.key === frame.place);
    find("chat-title").textContent = here.of ? `${here.of} › ${here.title}` : here.title;
    const face = find("chat-face");
    face.className = `face colour-${(frame.places.indexOf(here) + 3) % 7}`;
    face.textContent = [...here.title][0];
    document.title = `${here.title} · Sandbox`;
    document.body.classList.toggle("in-group", here.kind !== "private");
  }
}

function drawItem(title, about, colour, isChosen, choose) {
  const button = make(
    "button",
    { type: "button", "aria-current": isChosen && "true", onclick: choose },
    makeFace(title, colour % 7),
    make("span", { class: "about" }, make("strong", { dir: "auto", text: title }), make("small", { dir: "auto", text: about })),
  );
  return make("li", {}, button);
}

// Put new items in, with the focus where it was.
function replaceItems(list, items) {
  const focused = [...list.children].findIndex((item) => item.contains(document.activeElement));
  list.replaceChildren(...items);
  list.children[focused]?.firstChild.focus();
}
