// The panels beside the chat: on a narrow screen they slide over it and are closed again.

import { find } from "./elements.js";

export function setUpDrawers() {
  for (const opener of document.querySelectorAll("[data-opens]")) {
    opener.setAttribute("aria-expanded", "false");
    opener.setAttribute("aria-controls", opener.dataset.opens);
    opener.addEventListener("click", () => {
      const drawer = find(opener.dataset.opens);
      drawer.classList.add("open");
      opener.setAttribute("aria-expanded", "true");
      drawer.querySelector("[data-closes]").focus();
    });
  }
  for (const closer of document.querySelectorAll("[data-closes]")) {
    closer.addEventListener("click", () => closeDrawer(closer.dataset.closes));
  }
  document.addEventListener("keydown", (event) => {
    const open = document.querySelector(".drawer.open");
    // A dialog above the drawer takes its own Escape.
    if (event.key === "Escape" && open && !event.target.closest("dialog")) closeDrawer(open.id);
  });
}

export function closeDrawer(id) {
  const drawer = find(id);
  if (!drawer.classList.contains("open")) return;
  drawer.classList.remove("open");
  const opener = document.querySelector(`[data-opens="${id}"]`);
  opener.setAttribute("aria-expanded", "false");
  opener.focus();
}
