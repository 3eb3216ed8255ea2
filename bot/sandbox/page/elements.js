// Elements, made one by one: nothing that comes from the server is ever read as HTML.

export function make(name, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  if (text !== undefined) element.append(text);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function find(id) {
  return document.getElementById(id);
}

export function makeFace(name, colour) {
  return make("span", { class: `face colour-${colour}`, "aria-hidden": "true", text: [...name][0] ?? "" });
}

const SVG = "http://www.w3.org/2000/svg";

// One of the icons that index.html draws.
export function makeIcon(name) {
  const icon = document.createElementNS(SVG, "svg");
  icon.setAttribute("class", "icon");
  icon.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  icon.append(use);
  return icon;
}
