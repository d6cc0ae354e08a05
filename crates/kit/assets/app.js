// What every page does. Pages work without it: it adds shortcuts, the switch of light and dark, and loads the scripts of
// charts and graphs where there are some.
"use strict";
(() => {
  const root = document.documentElement;
  const THEMES = ["system", "light", "dark"];

  const remembered = () => {
    try {
      return localStorage.getItem("theme") || "system";
    } catch {
      return "system";
    }
  };

  const show = (button, theme) => {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.textContent = theme[0].toUpperCase() + theme.slice(1);
    button.setAttribute("aria-label", `Colour theme: ${theme}. Change it`);
    document.dispatchEvent(new Event("theme"));
  };

  const themeSwitch = () => {
    const button = document.querySelector("[data-theme-switch]");
    if (!button) return;
    let theme = remembered();
    if (!THEMES.includes(theme)) theme = "system";
    show(button, theme);
    button.hidden = false;
    button.addEventListener("click", () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      try {
        localStorage.setItem("theme", theme);
      } catch {
        // It then holds for this page only.
      }
      show(button, theme);
    });
  };

  const typing = (target) => target instanceof Element && target.closest("input, select, textarea, [contenteditable]");

  const shortcuts = () => {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape" && typing(event.target)) {
        event.target.blur();
      } else if (event.key === "/" && !typing(event.target)) {
        const field = document.querySelector("[data-search]") || document.querySelector("[data-find]");
        if (field) {
          event.preventDefault();
          field.focus();
          field.select();
        }
      }
    });
  };

  // Two modules may want the same library; it is loaded once.
  const loaded = new Map();
  const load = (src) => {
    if (!loaded.has(src)) {
      loaded.set(src, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = src;
        script.onload = resolve;
        script.onerror = () => reject(new Error(`cannot load ${src}`));
        document.head.append(script);
      }));
    }
    return loaded.get(src);
  };

  const modules = () => {
    for (const element of document.querySelectorAll("[data-module]")) {
      load(element.dataset.library)
        .then(() => load(element.dataset.module))
        .then(() => element.dispatchEvent(new Event("ready", { bubbles: true })))
        .catch((error) => console.error(error));
    }
  };

  // Empty fields of a filter only lengthen the address.
  const filters = () => {
    for (const form of document.querySelectorAll("form.filters")) {
      form.addEventListener("submit", () => {
        for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
      });
    }
    window.addEventListener("pageshow", () => {
      for (const field of document.querySelectorAll("form.filters [disabled]")) field.disabled = false;
    });
  };

  const signIn = () => {
    const field = document.querySelector("[data-back]");
    const back = field && new URLSearchParams(location.search).get("back");
    if (back && /^\/(?![/\\])/.test(back)) field.value = back;
  };

  themeSwitch();
  shortcuts();
  filters();
  signIn();
  modules();
  const strip = document.querySelector("nav.side");
  const current = strip && strip.querySelector("[aria-current]");
  if (current && strip.scrollWidth > strip.clientWidth) {
    strip.scrollLeft = current.offsetLeft - strip.clientWidth / 2 + current.offsetWidth / 2;
  }
})();
