// The reviewer's name, which is kept with each decision. It is a cookie, so that a page on another port knows it too.
import { at } from "./dom.js";

const COOKIE = "hushbeam-reviewer";
const YEAR_S = 31536000;

export function knownName() {
  const found = document.cookie.split("; ").find((one) => one.startsWith(`${COOKIE}=`));
  return found ? decodeURIComponent(found.slice(COOKIE.length + 1)) : "";
}

// Resolves to the name when it is given.

export function askName() {
  const dialog = at("who");
  const field = at("name");
  field.value = knownName();
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.oncancel = (event) => { if (!knownName()) event.preventDefault(); };
    dialog.onclose = () => resolve(knownName());
    at("who-form").onsubmit = (event) => {
      event.preventDefault();
      const name = field.value.trim().replace(/\s+/g, " ");
      if (!/^[\p{L}\p{N}_.@'-]+( [\p{L}\p{N}_.@'-]+)*$/u.test(name)) {
        at("name-error").hidden = false;
        return;
      }
      at("name-error").hidden = true;
      document.cookie = `${COOKIE}=${encodeURIComponent(name)}; SameSite=Strict; Path=/; Max-Age=${YEAR_S}`;
      dialog.close();
    };
  });
}
